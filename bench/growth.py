"""How time and memory of an export grow with its rows, each in a process of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import count
from .lakes import BenchLake, Part
from .measure import Run, fresh

WAY = "growth"


@contextmanager
def parts(lake: BenchLake, scratch: Path) -> Iterator[dict[str, Part]]:
    """By name: a hundredth and a tenth of a lake, all of it and three times as much."""
    threefold = _threefold(lake, scratch / "threefold")
    try:
        yield {
            "a hundredth": lake.first(lake.whole.rows // 100),
            "a tenth": lake.first(lake.whole.rows // 10),
            "all": lake.whole,
            "threefold": threefold,
        }
    finally:
        shutil.rmtree(threefold.folder)


def measure(parts: dict[str, Part]) -> Iterator[tuple[str, str, Run]]:
    """One round: way, format and run."""
    for name, part in parts.items():
        run = fresh("bench.inside", url=part.folder, kind="csv", last_day=part.last_day)
        count.expect(f"The export of {name}", run.rows, part.rows)
        yield f"{WAY}, {name}", "csv", run


def _threefold(lake: BenchLake, folder: Path) -> Part:
    """All of a lake three times, without a copy: links to its files."""
    for number in range(3):
        for file in lake.folder.glob("*/*.parquet"):
            link = folder / f"{number}" / file.relative_to(lake.folder)
            link.parent.mkdir(parents=True)
            link.hardlink_to(file)
    return Part(folder, None, 3 * lake.whole.rows)
