"""From a bare Python to the portal's own environment. Only the standard library."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from portal_stack.arguments import CHECKOUT, DEFAULT_PORT, Arguments, parse
from portal_stack.errors import PortalError, PortTaken, disk_full, explain, in_words
from portal_stack.home import Home, is_free
from portal_stack.steps import Steps

BEGAN = time.time()
HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
OVERRIDES = HERE / "overrides.txt"
SPACE_NEEDED = 2_000_000_000
NEEDS_INSTALL = ("up", "test", "bench")


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    return in_words(lambda: _main(arguments, argv), arguments.home)


def _main(arguments: Arguments, argv: list[str]) -> int:
    home = Home(arguments.home)
    environment = Environment(home)
    if arguments.command in NEEDS_INSTALL:
        if not environment.is_current():
            if arguments.command == "up":
                check_port(home, arguments.port or DEFAULT_PORT)
            home.make()
            with home.lock("install.lock"):
                environment.install(Steps())
    elif not environment.is_complete():
        raise PortalError(f"There is no portal in {home.path} yet: run `./portal up` first.")
    enter(environment, argv)


def check_port(home: Home, port: int) -> None:
    """Before minutes go into a first portal; one that ran before may hold the port itself.

    Raises PortTaken.
    """
    if not home.ini.exists() and not is_free(port):
        raise PortTaken(port)


def enter(environment: "Environment", argv: list[str]) -> NoReturn:
    """Turns this process into the same command inside the portal's environment."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "VIRTUAL_ENV")}
    caches = environment.home.caches()
    own = {
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONPYCACHEPREFIX": caches["PYTHONPYCACHEPREFIX"],
        "PORTAL_BEGAN": str(BEGAN),
    }
    python = str(environment.python)
    # -P: the folder we are called from may hold a portal_stack too, that of another checkout.
    os.execve(python, [python, "-P", "-m", "portal_stack", *argv], clean | own)  # noqa: S606  ourselves


class Environment:
    """The virtual environment in the home, made anew when what it is made from changes."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.path = home.path / "venv"
        self.python = self.path / "bin" / "python"
        self.stamp = self.path / "installed"
        self.log = home.log("install")

    def fingerprint(self) -> str:
        digest = hashlib.sha256(str(CHECKOUT).encode())
        for file in (REQUIREMENTS, OVERRIDES, CHECKOUT / "pyproject.toml"):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def is_complete(self) -> bool:
        return self.stamp.exists() and self.python.exists() and runs(self.python)

    def is_current(self) -> bool:
        return self.is_complete() and self.stamp.read_text() == self.fingerprint()

    def install(self, steps: Steps) -> None:
        """Raises PortalError when Python lacks a part, the disk is full or the network away."""
        check_python()
        if not self.is_complete() and shutil.disk_usage(self.home.path).free < SPACE_NEEDED:
            raise disk_full(self.home.path)
        with self.log.open("w"):
            pass
        made = self.path / "made"
        if not (made.exists() and self.python.exists() and runs(self.python)):
            with steps.step("Virtual environment"):
                shutil.rmtree(self.path, ignore_errors=True)
                self.run([sys.executable, "-m", "venv", self.path], "Making the environment failed")
                made.touch()
        with steps.step("Python packages") as step:
            self.stamp.unlink(missing_ok=True)
            step.note = self.install_packages()
            self.stamp.write_text(self.fingerprint())

    def install_packages(self) -> str:
        wanted = next(
            line.split()[0] for line in REQUIREMENTS.read_text().splitlines() if line[:4] == "uv=="
        )
        failed = "Installing the Python packages failed"
        pip = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--retries", "2"]
        self.run([*pip, "--quiet", wanted], failed)
        uv = [self.path / "bin" / "uv", "pip", "install", "--no-progress"]
        uv += ["--python", self.python, "--override", OVERRIDES]
        self.run([*uv, "-r", REQUIREMENTS, "-e", f"{CHECKOUT}[test]"], failed)
        packages = list(self.path.glob("lib/python*/site-packages/*.dist-info"))
        return f"{len(packages)} packages"

    def run(self, command: list[str | Path], problem: str) -> None:
        dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET")
        env = {k: v for k, v in os.environ.items() if k not in dropped}
        env |= self.home.caches() | self.build_settings()
        with self.log.open("a") as log:
            done = subprocess.run(
                [str(part) for part in command],
                env=env,
                cwd=HERE,
                stdout=log,
                stderr=log,
                pass_fds=self.home.locks,
            )
        if done.returncode:
            raise explain(problem, self.log, downloads=True)

    def build_settings(self) -> dict[str, str]:
        """Where pip, uv and setuptools put what they leave behind."""
        cache = self.home.path / "cache"
        (cache / "build").mkdir(parents=True, exist_ok=True)
        extra = cache / "setuptools.cfg"  # without it, the checkout gets an egg-info folder
        extra.write_text(f"[egg_info]\negg_base = {cache / 'build'}\n")
        return {
            "DIST_EXTRA_CONFIG": str(extra),
            "UV_CACHE_DIR": str(cache / "uv"),
            "PIP_CACHE_DIR": str(cache / "pip"),
        }


def check_python() -> None:
    if os.name != "posix":
        raise PortalError("The portal runs on Linux and macOS; on Windows use it inside WSL.")
    if not (importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise PortalError(
            f"This Python cannot make virtual environments: install the package python{version}-"
            f"venv (on Debian and Ubuntu: apt install python{version}-venv) and run this again."
        )


def runs(python: Path) -> bool:
    """False for an environment whose Python was removed or upgraded away."""
    question = [str(python), "-I", "-c", ""]
    return subprocess.run(question, capture_output=True).returncode == 0
