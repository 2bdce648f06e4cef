"""What all services have in common: detached, on loopback, with a log and a pid file."""

import hashlib
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

from portal_stack import processes
from portal_stack.arguments import CHECKOUT
from portal_stack.errors import PortalError, explain
from portal_stack.home import Home

DETACH = (sys.executable, "-P", "-m", "portal_stack.detach")
FOREIGN = ("PYTHON", "PG", "CKAN_", "JAVA_", "GUNICORN", "UV_", "PIP_")


class Service(ABC):
    """One program in the background. `start` and `stop` may be called in any state."""

    name: str
    title: str
    patience: float = 30
    attempts: int = 1
    stop_signal = "SIGTERM"
    user = ""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it listens, for people; without any password."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The program and its arguments: no secrets, everyone can read them."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it does its work now. Must not wait for long."""

    def prepare(self) -> None:  # noqa: B027  most services need nothing
        """Writes the configuration. Called before each start."""

    def environment(self) -> dict[str, str]:
        return {}

    def fingerprint(self) -> str:
        """Changes when the service has to be started again to take up what is new."""
        parts = [str(part) for part in self.command()] + sorted(self.environment().values())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def log(self) -> Path:
        return self.home.log(self.name)

    @property
    def pid_file(self) -> Path:
        return self.home.pid_file(self.name)

    def process(self) -> processes.Running | None:
        return processes.alive(self.pid_file)

    def state(self) -> str:
        if not self.process():
            return "stopped"
        return "running" if self.answers() else "not answering"

    def start(self) -> str:
        """Makes it run and returns a word on what that took.

        Raises PortalError that names the log when it does not come up.
        """
        running = self.process()
        if running and running.fingerprint == self.fingerprint() and self.answers():
            return "already running"
        processes.stop(self.pid_file)
        logged = self.log.stat().st_size if self.log.exists() else 0
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(1)
            self.prepare()
            self._spawn()
            if self._came_up():
                return "restarted" if running else "started"
        raise explain(f"{self.title} did not start", self.log, logged)

    def stop(self) -> bool:
        """False when it was not running."""
        return processes.stop(self.pid_file)

    def _spawn(self) -> None:
        detach = [*DETACH, self.pid_file, self.fingerprint()]
        command = [*detach, self.stop_signal, self.user, *self.command()]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                env=clean_environment(self.home) | self.environment() | self._marks(),
                cwd=self.home.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _marks(self) -> dict[str, str]:
        return {processes.MARK: str(self.pid_file), "PYTHONPATH": str(CHECKOUT)}

    def _came_up(self) -> bool:
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            if self._child.poll() is not None:
                return False
            if self.process() and self.answers():
                return True
            time.sleep(0.1)
        processes.stop(self.pid_file)
        raise PortalError(
            f"{self.title} did not answer within {self.patience:.0f} s; see the end of {self.log}."
        )


def clean_environment(home: Home) -> dict[str, str]:
    """Our environment without what would lead a service astray, and with its own temp folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    return kept | home.caches() | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
