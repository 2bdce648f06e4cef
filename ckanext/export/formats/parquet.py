"""Parquet: typed columns, zstd, and what the data is in the file's own metadata."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..compute import pc
from ..observations import COLUMNS, TEXTS, TIME, TIMES, as_texts, per_row
from .base import Format, expect_dates

_ROWS = 131_072  # of a row group, so that readers can work on several at once
_BYTES = 64 << 20  # of text in a row group, however wide the texts are
_ENCODINGS: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": list(TEXTS),
    "column_encoding": dict.fromkeys(TIMES, "DELTA_BINARY_PACKED"),
}
_SCHEMA = pa.schema([(name, TIME if name in TIMES else pa.string()) for name in COLUMNS])


class Parquet(Format):
    name = "parquet"
    media_type = "application/vnd.apache.parquet"
    extension = "parquet"
    title = "Parquet"
    description = "Typed columns, small and fast, for DuckDB, pandas, Polars, R and Spark."
    encoding = ""

    def encode(self, batches: Iterable[pa.RecordBatch]) -> Iterator[memoryview | bytes]:
        sink = _Sink()
        schema = _SCHEMA.with_metadata(self.about.known())
        with pq.ParquetWriter(sink, schema, **_ENCODINGS) as writer:
            for group in _row_groups(batches):
                writer.write_table(group, row_group_size=len(group))
                yield from sink.taken()
        yield from sink.taken()


class _Sink:
    """A file whose bytes are taken from it as they come."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables whose ends depend on the rows alone and not on the batches, so that bytes do."""
    parts: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        expect_dates(batch)
        plain = _plain(batch)
        sizes = np.cumsum(_text_bytes(batch))
        start = done = 0
        while start < len(batch):
            wide = int(np.searchsorted(sizes, done + _BYTES - size)) + 1
            end = min(wide, start + _ROWS - rows, len(batch))
            parts.append(plain.slice(start, end - start))
            rows, size = rows + end - start, size + int(sizes[end - 1]) - done
            start, done = end, int(sizes[end - 1])
            if rows == _ROWS or size >= _BYTES:
                yield pa.Table.from_batches(parts)
                parts, rows, size = [], 0, 0
    if parts:
        yield pa.Table.from_batches(parts)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with texts instead of places in dictionaries: Parquet makes its own."""
    columns = [batch.column(name) for name in COLUMNS]
    return pa.record_batch(
        [c if pa.types.is_timestamp(c.type) else _texts(c) for c in columns], schema=_SCHEMA
    )


def _texts(column: pa.DictionaryArray) -> pa.StringArray:
    try:
        column.dictionary.validate(full=True)
        return column.cast(pa.string())
    except pa.ArrowInvalid:  # no UTF-8
        return pa.array(as_texts(column.dictionary), pa.string()).take(column.indices)


def _text_bytes(batch: pa.RecordBatch) -> np.ndarray:
    """Of each row."""
    total = np.zeros(len(batch), np.int64)
    for name in TEXTS:
        column = batch.column(name)
        lengths = pc.binary_length(column.dictionary).fill_null(0).to_numpy()
        total += per_row(np.append(lengths, 0), column)
    return total
