"""The formats, each beside what people would type instead, in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

from ckanext.export.formats import registry

from . import count
from .by_hand import DUCKDB, PANDAS
from .lakes import BenchLake, Part
from .measure import Run, fresh

EXPORT, COPY, FRAME = "format", "format by DuckDB", "format by pandas"
MOST_OF_PANDAS = {"xlsx": 100_000}  # a minute for more
_PANDAS_ROWS = 1_000_000


def measure(part: Part, types: list[str], scratch: Path) -> Iterator[tuple[str, str, Run]]:
    """One round: way, format and run."""
    for kind in registry():
        run = fresh("bench.inside", url=part.folder, kind=kind, last_day=part.last_day)
        count.expect(f"The export as {kind}", run.rows, part.rows)
        yield EXPORT, kind, run
        if kind in DUCKDB:
            yield COPY, kind, _by_hand("files", part, types, kind, scratch)
        if kind in PANDAS:
            most = BenchLake(part.folder).first(
                min(part.rows, MOST_OF_PANDAS.get(kind, _PANDAS_ROWS))
            )
            yield FRAME, kind, _by_hand("pandas", most, types, kind, scratch)


def _by_hand(way: str, part: Part, types: list[str], kind: str, scratch: Path) -> Run:
    target = scratch / f"by-hand.{kind}"
    run = fresh("bench.by_hand", way=way, files=part.files, types=types, kind=kind, target=target)
    count.expect(f"{way} as {kind}", run.rows, part.rows)
    return run
