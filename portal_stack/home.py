"""The home folder: where everything that belongs to one portal lies."""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal_stack.errors import Busy

FOLDERS = ("log", "run", "tmp", "cache")


class Home:
    """Paths, remembered choices and generated secrets of one portal.

    A home inside another one (for tests) shares the programs of the outer one: `tools`.
    """

    def __init__(self, path: Path, tools: Path | None = None) -> None:
        self.path = path.resolve()
        self.tools = (tools or path).resolve()
        self.locks: list[int] = []

    def make(self) -> "Home":
        """Creates the folders. Nobody else may look into them: they hold secrets."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for name in FOLDERS:
            (self.path / name).mkdir(exist_ok=True)
        return self

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        return self.path / "run" / f"{name}.json"

    def caches(self) -> dict[str, str]:
        """The variables that keep what programs leave behind inside the home."""
        cache = self.tools / "cache"
        return {
            "PYTHONPYCACHEPREFIX": str(cache / "bytecode"),
            "XDG_CACHE_HOME": str(cache),
            "TMPDIR": str(self.path / "tmp"),
        }

    @property
    def ini(self) -> Path:
        return self.path / "ckan.ini"

    @property
    def password_file(self) -> Path:
        return self.path / "admin-password"

    @property
    def state(self) -> dict[str, Any]:
        """What was chosen and what has been done, kept from one command to the next."""
        return read_json(self.path / "state.json")

    def remember(self, **values: Any) -> None:
        """Adds to the state; a value of None forgets the key."""
        state = {**self.state, **values}
        write_json(self.path / "state.json", {k: v for k, v in state.items() if v is not None})

    def secret(self, name: str) -> str:
        """A secret made the first time that it is asked for."""
        known = read_json(self.path / "secrets.json")
        if name not in known:
            known[name] = secrets.token_hex(24)
            write_json(self.path / "secrets.json", known)
        return known[name]

    def keep_secret(self, name: str, value: str) -> None:
        known = read_json(self.path / "secrets.json")
        write_json(self.path / "secrets.json", {**known, name: value})

    def known_secret(self, name: str) -> str | None:
        return read_json(self.path / "secrets.json").get(name)

    def port(self, name: str, in_use: bool) -> int:
        """The port remembered for a service; another one if a stranger has taken it."""
        key = f"{name}_port"
        port = self.state.get(key)
        if port is None or not (in_use or is_free(port)):
            port = free_port()
            self.remember(**{key: port})
        return port

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Only one command at a time changes a home. The lock ends with the process.

        A program that works for this command and might outlive it gets `locks` as its
        `pass_fds`, which keep the home locked for as long as it is at work.
        Raises Busy when another command holds the lock.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(self.path) from None
            self.locks.append(file.fileno())
            try:
                yield
            finally:
                self.locks.remove(file.fileno())


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    write_private(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
