"""The memory of the process that serves the portal (Linux only: elsewhere it is not known)."""

import os
import signal
import time
from pathlib import Path

import psutil
import requests

from portal_stack.portal import Portal

_PATIENCE = 90  # seconds for a new process to answer


class Worker:
    """The portal's serving process. `base` is what it had in memory before its first export."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._process = self._only_child()
        self.base = 0

    def renew(self) -> None:
        """Makes gunicorn serve from a new process, which has answered only small requests."""
        assert self._portal.pid
        os.kill(self._portal.pid, signal.SIGHUP)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            time.sleep(0.2)
            process = self._only_child()
            if process and process != self._process and _answers(self._portal.url):
                self._process = process
                self.base = self._resident("VmRSS")
                return
        raise TimeoutError(f"The portal's new process did not answer within {_PATIENCE} s.")

    def forget_peak(self) -> None:
        """From here on, `growth` tells of what comes."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def growth(self) -> int:
        """Bytes that its memory has been above `base` at most since `forget_peak`."""
        return self._resident("VmHWM") - self.base

    @property
    def _pid(self) -> int:
        assert self._process
        return self._process.pid

    def _only_child(self) -> psutil.Process | None:
        """None while the old one has not gone yet."""
        children = psutil.Process(self._portal.pid).children()
        return children[0] if len(children) == 1 else None

    def _resident(self, name: str) -> int:
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise ValueError(f"/proc has no {name}")


def _answers(url: str) -> bool:
    """Its first page and the list of formats: whatever CKAN loads late is loaded then."""
    try:
        pages = ("/api/3/action/status_show", "/api/export/formats")
        return all(requests.get(url + page, timeout=30).ok for page in pages)
    except requests.RequestException:
        return False
