"""What one timed run is, and how ways are compared: by the median of the ratios of each round.

The machine may be shared and its speed may change from minute to minute. Rates of one round were
measured close together, so their ratio means something even when neither rate does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

FORMATS = ("csv", "json", "xml")
MB = 1e6


@dataclass(frozen=True)
class Run:
    """One way, once. Sizes in bytes; `peak` is the memory that the run needed, where known."""

    rows: int
    seconds: float
    first_byte: float | None = None
    text: int | None = None  # what was rendered
    sent: int | None = None  # what came out, compressed where the way compresses
    peak: int | None = None
    cpu: float | None = None  # seconds of all processes, where known

    @property
    def rate(self) -> float:
        """Observations a second."""
        return self.rows / self.seconds


Key = tuple[str, str]  # way, format


@dataclass
class Record:
    """All runs by way and format, in the order of the rounds."""

    runs: dict[Key, list[Run]] = field(default_factory=dict)
    progress: Callable[[str], None] = print

    def add(self, way: str, kind: str, run: Run) -> None:
        self.runs.setdefault((way, kind), []).append(run)
        self.progress(f"    {way:<18} {kind:<5}{run.rate / MB:8.3f} million/s")

    def ways(self) -> list[str]:
        return list(dict.fromkeys(way for way, _ in self.runs))

    def rate(self, way: str, kind: str) -> float | None:
        return _median(run.rate for run in self.runs.get((way, kind), []))

    def largest(self, way: str, kind: str, what: str) -> Any:
        values = [getattr(run, what) for run in self.runs.get((way, kind), [])]
        known = [value for value in values if value is not None]
        return max(known) if known else None

    def typical(self, way: str, kind: str, what: str) -> float | None:
        values = [getattr(run, what) for run in self.runs.get((way, kind), [])]
        return _median(value for value in values if value is not None)

    def ratio(self, way: str, others: Iterable[str], kind: str) -> float | None:
        """How many times as fast as the fastest of the others: the median over the rounds."""
        rounds = [self.runs.get((name, kind), []) for name in (way, *others)]
        rounds = [runs for runs in rounds if runs]
        if len(rounds) < 2 or not self.runs.get((way, kind)):
            return None
        return _median(
            mine.rate / max(run.rate for run in peers)
            for mine, *peers in zip(*rounds, strict=False)
        )

    def as_dict(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for (way, kind), runs in self.runs.items():
            found.setdefault(way, {})[kind] = [asdict(run) for run in runs]
        return found


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


def fresh(module: str, packages: Path | None = None, **arguments: Any) -> Run:
    """Runs `python -m module` with arguments as JSON; it answers with a Run as JSON.

    A process of its own owes nothing to what ran before. It times itself, so that neither
    Python's start nor its imports count. `packages`: a folder whose packages it finds as well.
    Raises CalledProcessError when it fails.
    """
    command = [sys.executable, "-m", module, json.dumps(arguments, default=str)]
    folder = Path(__file__).parent.parent
    places = [str(folder), str(packages or "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    done = subprocess.run(  # noqa: S603  our own modules
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True
    )
    return Run(**json.loads(done.stdout))


def answer(run: Run) -> None:
    """The other side of `fresh`."""
    print(json.dumps(asdict(run)))


def peak_memory() -> int:
    """The most that this process has had in memory, in bytes.

    On Linux `ru_maxrss` will not do: a new process inherits it from the one that started it.
    """
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
