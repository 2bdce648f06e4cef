"""Becomes a service: `python -m portal_stack.detach PID_FILE FINGERPRINT SIGNAL USER COMMAND…`.

It notes its own process id before it turns into the command, so that a service is never
running without a pid file, whatever happens to the command that starts it.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

from portal_stack import processes

PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 28, 47, 2
NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(argv: list[str]) -> None:
    pid_file, fingerprint, stop_signal, user, *command = argv
    if user:
        become(user)
    pid = os.getpid()
    began = processes.began(pid) or ""
    processes.Running(pid, began, fingerprint, stop_signal).write(Path(pid_file))
    os.execv(command[0], command)  # noqa: S606  the service, by its absolute path


def become(user: str) -> None:
    """Gives up root for `user`, but for the right to enter the folders above our home.

    PostgreSQL refuses to run as root. An unprivileged user cannot enter a home under, say,
    /root, and opening that folder to everyone is not for us to do; so the one capability that
    passes over folder permissions is kept.
    """
    account = pwd.getpwnam(user)
    libc = ctypes.CDLL(None, use_errno=True)
    # Without this, access(2) ignores the capability, and initdb asks access(2) for its programs.
    _check(libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    capabilities = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    _check(libc.capset(header, capabilities), "capset")
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "prctl")


def _check(result: int, call: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
