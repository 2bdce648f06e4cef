"""Which process is ours. Only the standard library on Linux: it also starts every service.

A process id alone says nothing, as it is given to another program once its process has ended.
So a pid file also holds when the process began, and a process that began at another time, or
in another run of the machine, is a stranger that is never touched.
"""

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

MARK = "PORTAL_PID_FILE"


@dataclass(frozen=True)
class Running:
    """A service's process as its pid file describes it."""

    pid: int
    began: str
    fingerprint: str
    stop_signal: str

    def write(self, pid_file: Path) -> None:
        draft = pid_file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(pid_file)


def read(pid_file: Path) -> Running | None:
    """What the pid file says, whether or not it is still true; None if there is no such file."""
    try:
        return Running(**json.loads(pid_file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # TypeError: not one of our pid files
        return None


def alive(pid_file: Path) -> Running | None:
    """The process of this pid file, if it is still the one that was started."""
    known = read(pid_file)
    return known if known and began(known.pid) == known.began else None


def began(pid: int) -> str | None:
    """When a process began, in words that no other process shares; None for a dead one."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None


def stop(pid_file: Path, patience: float = 15) -> bool:
    """Ends the process of this pid file and what it left behind; False if nothing ran."""
    running = alive(pid_file)
    if running:
        os.kill(running.pid, getattr(signal, running.stop_signal))
        if not _ended(running, patience):
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGKILL)
            _ended(running, 5)
    left = sweep(pid_file)
    pid_file.unlink(missing_ok=True)
    return bool(running) or left > 0


def _ended(running: Running, patience: float) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if began(running.pid) != running.began:
            return True
        with contextlib.suppress(ChildProcessError):  # a child of this very process: bury it
            os.waitpid(running.pid, os.WNOHANG)
        time.sleep(0.05)
    return False


def sweep(pid_file: Path) -> int:
    """Kills what outlived the killed leader of a service, and returns how many that were.

    They are known by their session and by the pid file's path in their environment.
    """
    import psutil

    known = read(pid_file)
    if known is None:
        return 0
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            ours = os.getsid(process.pid) == known.pid
            if ours and process.environ().get(MARK) == str(pid_file):
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=5)
    return len(left)
