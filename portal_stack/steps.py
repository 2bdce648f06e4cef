"""The progress lines: one for every step, with the time it took."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WIDTH = 44
_REST_OF_LINE = "\x1b[K"


@dataclass
class Step:
    note: str = ""


@dataclass
class Steps:
    """Prints a line when a step begins and completes it with the seconds when it ends.

    On a terminal the seconds are seen to pass, so that a long step does not look like a halt.
    """

    quiet: bool = False
    began: float = field(default_factory=lambda: float(os.environ.get("PORTAL_BEGAN", time.time())))

    @contextmanager
    def step(self, title: str, so_far: Callable[[], str] = lambda: "") -> Iterator[Step]:
        """`step.note` may be set inside; it stands behind the time, as does `so_far` until then."""
        begun = time.monotonic()
        step = Step()
        begin = f"  {title + ' ':.<{WIDTH}} "
        self._write(begin)
        try:
            with self._passing(begin, begun, so_far):
                yield step
        except BaseException:
            self._write(f"failed after {time.monotonic() - begun:.1f} s\n")
            raise
        self._write(f"{_time(begun, step.note)}\n")

    @contextmanager
    def _passing(self, begin: str, begun: float, so_far: Callable[[], str]) -> Iterator[None]:
        """Writes the time every second, where a later line can take its place."""
        if self.quiet or not sys.stdout.isatty():
            yield
            return
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(1):
                self._write(f"\r{begin}{_time(begun, so_far())}{_REST_OF_LINE}")

        ticking = threading.Thread(target=tick, daemon=True)
        ticking.start()
        try:
            yield
        finally:
            ended.set()
            ticking.join()
            self._write(f"\r{begin}{_REST_OF_LINE}")

    def say(self, text: str) -> None:
        self._write(text + "\n")

    @property
    def seconds(self) -> float:
        return time.time() - self.began

    def _write(self, text: str) -> None:
        if not self.quiet:
            sys.stdout.write(text)
            sys.stdout.flush()


def _time(begun: float, note: str) -> str:
    return f"{time.monotonic() - begun:6.1f} s" + (f"  {note}" if note else "")
