"""The first rows of an export, and how large all of it will be about."""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from isal import isal_zlib

from .batches import regroup
from .errors import EmptyDataset
from .export import expect_homes
from .formats import Format
from .formats.base import Options
from .formats.csv import Csv
from .lake import Lake
from .privacy import Policy, Protection
from .query import Query

SHOWN = 10  # rows
_SAMPLE = 16_384  # rows that the size is estimated from
_WRITTEN = 2 * _SAMPLE  # rows in all formats together
_PATIENCE = 0.06  # seconds after which fewer have to do
_DESCRIPTIONS = 6_000  # bytes of the zip's other members and of its directory


@dataclass(frozen=True)
class Preview:
    """`header` and `rows` are the cells of the first rows as CSV has them. A zip of no rows would
    have `least` bytes, and every row adds `per_row`."""

    header: list[str]
    rows: list[list[str]]
    least: float
    per_row: float

    def size(self, rows: int) -> int:
        """About the bytes of a zip with so many rows.

        A sample, the selection's first 16,384 rows or as many as can be read and written at
        once, is compressed as the export does it, and so is its first half; all other rows are
        taken to add as much as those of its second half did.
        """
        return round(self.least + rows * self.per_row)


def preview(
    lake: Lake, policy: Policy, query: Query, formats: Sequence[type[Format]], options: Options
) -> Preview:
    """Looks at the beginning of an export. Raises EmptyDataset, TooFewHomes, LakeUnavailable."""
    most = min(_SAMPLE, _WRITTEN // len(formats))
    with lake.scan(policy.narrow(query)) as scan:
        expect_homes(scan, policy)
        batches = scan.batches()
        if policy.time_step != "exact":  # then rows are mixed, in the batches of an export
            batches = regroup(batches)
        sample = list(_soon(_first(Protection(policy).protect(batches), most)))
    if not sample:
        raise EmptyDataset("No observation matches these filters.")
    header, *rows = _cells(_first(sample, SHOWN), formats, options)
    size = sum(batch.num_rows for batch in sample)
    whole, half = (
        sum(_zipped(kind(options), part) for kind in formats)
        for part in (sample, list(_first(sample, size // 2)))
    )
    per_row = max(0.0, (whole - half) / (size - size // 2))
    return Preview(header, rows, _DESCRIPTIONS + whole - per_row * size, per_row)


def _soon(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The first rows that are to be shown, and what else can be had in a moment."""
    end, seen = time.monotonic() + _PATIENCE, 0
    for batch in batches:
        yield batch
        seen += batch.num_rows
        if seen >= SHOWN and time.monotonic() > end:
            return


def _first(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """The first so many rows."""
    for batch in batches if most else ():
        yield batch.slice(0, most)
        most -= batch.num_rows
        if most <= 0:
            return


def _cells(
    batches: Iterable[pa.RecordBatch], formats: Sequence[type[Format]], options: Options
) -> list[list[str]]:
    """A line per row, as text. What CSV does to formulas is shown where CSV is asked for."""
    escape = options.escape_formulas and Csv in formats
    pieces = Csv(replace(options, escape_formulas=escape)).encode(batches)
    text = b"".join(pieces).decode(errors="replace")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def _zipped(writer: Format, batches: Iterable[pa.RecordBatch]) -> int:
    compressor = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)
    size = sum(len(compressor.compress(piece)) for piece in writer.encode(batches))
    return size + len(compressor.flush())
