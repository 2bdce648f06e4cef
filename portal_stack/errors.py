"""What can be expected to go wrong, each told in one sentence instead of a traceback."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path


class PortalError(Exception):
    """One sentence that says what happened and what to do about it."""


class PortTaken(PortalError):
    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is taken by another program: stop that program, or choose "
            "another port with `./portal up --port N`."
        )


class Busy(PortalError):
    def __init__(self, home: Path) -> None:
        super().__init__(
            f"Another ./portal command is at work in {home}: wait until it has finished, or "
            "choose another folder with --home."
        )


LONGEST_TAIL = 20_000
NETWORK_SIGNS = (
    "dns error",
    "failed to lookup address",
    "name resolution",
    "name or service not known",
    "network is unreachable",
    "connection refused",
    "connection reset",
    "connectionerror",
    "newconnectionerror",
    "error sending request",
    "failed to fetch",
    "could not find a version",
    "max retries exceeded",
    "timed out",
    "no route to host",
)


def explain(problem: str, log: Path, since: int = 0, downloads: bool = False) -> PortalError:
    """The error for a failed program, from what it wrote into `log` from byte `since` on."""
    text = tail(log, since).lower()
    if "no space left" in text:
        return disk_full(log.parent.parent)
    if downloads and any(sign in text for sign in NETWORK_SIGNS):
        return PortalError(
            f"{problem}, because something could not be downloaded: check the network (or the "
            f"proxy settings) and run the command again; the details are in {log}."
        )
    return PortalError(f"{problem}; the reason is at the end of {log}.")


def disk_full(where: Path) -> PortalError:
    return PortalError(
        f"The disk that holds {where} is full: free some space (a portal needs about 2 GB) and "
        "run the command again."
    )


def from_os_error(error: OSError, home: Path) -> PortalError | None:
    """A sentence for the errors of a disk that people can do something about."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(home)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PortalError(
            f"{error.filename or home} cannot be written ({error.strerror}): choose a folder of "
            "your own with --home."
        )
    return None


def tail(log: Path, since: int) -> str:
    """The end of what a log has gained since it had `since` bytes."""
    with log.open("rb") as file:
        file.seek(max(since, log.stat().st_size - LONGEST_TAIL))
        return file.read().decode(errors="replace")


def in_words(command: Callable[[], int], home: Path) -> int:
    """A command's exit code; what can be expected to go wrong is told in a sentence."""
    try:
        return command()
    except PortalError as error:
        print(f"./portal: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        known = from_os_error(error, home)
        if known is None:
            raise
        print(f"./portal: {known}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n./portal: interrupted; the same command carries on from here.", file=sys.stderr)
        return 130
