"""Writes the demo lake: one folder and one Parquet file per UTC day."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from .homes import entities_of
from .house import DAYS, read_house
from .observations import Recorder, day_name

_PARQUET: dict[str, Any] = {
    "row_group_size": 120_000,
    "compression": "zstd",
    "compression_level": 1,
    # Without this a day's attributes outgrow their dictionary and are stored row by row.
    "dictionary_pagesize_limit": 16 << 20,
    "use_dictionary": ["home", "entity_id", "type", "state", "unit", "attributes"],
    "store_schema": False,
}


class DemoLakeError(ValueError):
    """The demo lake cannot be made as asked; the message says what to change."""


def make_demo_lake(
    directory: Path,
    homes: int = 32,
    days: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Makes a demo lake in `directory` and returns the number of observations in it.

    The first home is the measured house, which ends with its source after 138 days; the others
    are derived from it, and repeat the period for as many `days` as are asked for. `days` is 138
    unless given. `progress` is called with the days done and all days. The same arguments give
    the same bytes, and fewer days or homes give the same observations, only fewer of them.

    Rows are sorted by home, entity and time: a column's neighbours are then alike, which makes
    files small and lets a reader meet few distinct values per batch. Memory holds one day.

    Raises `DemoLakeError` for a directory that is not empty, and for less than one home or day.
    Nothing is left behind when it fails half-way.
    """
    days = DAYS if days is None else days
    if homes < 1:
        raise DemoLakeError(f"A demo lake needs at least one home, not {homes}.")
    if days < 1:
        raise DemoLakeError(f"A demo lake needs at least one day, not {days}.")
    house = read_house()
    recorder = Recorder(house, entities_of(homes, house.mean))
    rows = 0
    with new_directory(Path(directory)) as unfinished:
        for number in range(days):
            rows += write_day(recorder.day(number), unfinished / f"date={day_name(number)}")
            if progress is not None:
                progress(number + 1, days)
        readme = files("ckanext.export.demo").joinpath("lake_readme.txt").read_text("utf-8")
        text = readme.format(homes=homes, derived=homes - 1, days=days, rows=rows)
        (unfinished / "README.txt").write_text(text, "utf-8")
    return rows


@contextmanager
def new_directory(directory: Path) -> Iterator[Path]:
    """A folder beside `directory` that takes its place once all went well, and goes otherwise."""
    directory = directory.absolute()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DemoLakeError(
            f"{directory} is not an empty folder; name one that does not exist yet."
        )
    unfinished = directory.with_name(f".{directory.name}.{uuid4().hex[:8]}.part")
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.rename(directory)
    except BaseException:
        shutil.rmtree(unfinished)
        raise


def write_day(table: pa.Table, folder: Path) -> int:
    """Writes the Parquet file of one day, if it has any rows, and returns how many.

    Plain strings are stored, not Arrow's dictionary type, so that every reader sees the same
    types; Parquet's own dictionaries keep them small. Times do not repeat and have none.
    zstd level 1 reads as fast as snappy here and takes a fifth less space.
    """
    if not table.num_rows:
        return 0
    folder.mkdir()
    pq.write_table(table, folder / "part-0.parquet", **_PARQUET)
    return table.num_rows
