"""The progress lines: one for every step, with the time it took."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WIDTH = 44


@dataclass
class Step:
    note: str = ""


@dataclass
class Steps:
    """Prints a line when a step begins and completes it with the seconds when it ends."""

    quiet: bool = False
    began: float = field(default_factory=lambda: float(os.environ.get("PORTAL_BEGAN", time.time())))

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """`step.note` may be set inside; it stands behind the time."""
        begun = time.monotonic()
        step = Step()
        self._write(f"  {title + ' ':.<{WIDTH}} ")
        try:
            yield step
        except BaseException:
            self._write(f"failed after {time.monotonic() - begun:.1f} s\n")
            raise
        note = f"  {step.note}" if step.note else ""
        self._write(f"{time.monotonic() - begun:6.1f} s{note}\n")

    def say(self, text: str) -> None:
        self._write(text + "\n")

    @property
    def seconds(self) -> float:
        return time.time() - self.began

    def _write(self, text: str) -> None:
        if not self.quiet:
            sys.stdout.write(text)
            sys.stdout.flush()
