"""Parquet files, of which only the row groups and columns that a query needs are read."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from ..observations import COLUMNS, TIMES
from ..query import Query
from .canonical import Canonical
from .part import Part
from .statistics import Bounds, may_hold

_ROWS = 131_072  # of a batch: what is done once per distinct value is done once per batch
_BYTES = 4 << 20  # of a batch, about
_READ_BUFFER = 1 << 20  # bytes; keeps a pass from loading whole row groups of wide texts
_FAR_BUFFER = 4 << 20  # the same, where every read takes a while
_WHOLE = 32 << 20  # bytes of a row group that are fetched at once from far away
_MAGIC = b"PAR1"
_TAIL = 64 << 10  # bytes in which most footers fit: one read instead of two
_FRAME = 8  # bytes that follow a footer: its length and the magic


class ParquetPart(Part):
    """Remembers its footer as the few hundred bytes that it is in the file: parsed, it takes
    thirty times as much."""

    kind = "Parquet"
    suffixes = (".parquet",)
    counted = True

    def peek(self) -> None:
        with self.opened() as file:
            size = file.size()
            tail = file.read_at(min(size, _TAIL), max(0, size - _TAIL))
            if len(tail) < _FRAME + len(_MAGIC) or tail[-4:] != _MAGIC:
                raise self.damaged("it does not end as Parquet does")
            length = int.from_bytes(tail[-_FRAME:-4], "little") + _FRAME
            if length + len(_MAGIC) > size:
                raise self.damaged("its footer is longer than the file")
            if length > len(tail):
                tail = file.read_at(length, size - length)
        self._footer = tail[-length:]
        footer = self._metadata()
        self.columns = tuple(footer.schema.to_arrow_schema().names)
        self.rows = footer.num_rows

    def batches(self, canonical: Canonical, query: Query) -> Iterator[pa.RecordBatch]:
        footer = self._metadata()
        time, kind = (canonical.own_name(name) for name in ("last_updated", "type"))
        groups = row_groups(footer, time, kind, query)
        if not groups:
            return
        texts = [canonical.own_name(name) for name in COLUMNS if name not in TIMES]
        with self.opened() as file:
            yield from read_row_groups(
                file, footer, groups, canonical.needed(self.columns), texts, self.near
            )

    def _metadata(self) -> pq.FileMetaData:
        return pq.read_metadata(pa.BufferReader(_MAGIC + self._footer))


def row_groups(footer: pq.FileMetaData, time: str, kind: str, query: Query) -> list[int]:
    """The row groups whose statistics of the columns that hold the times and types do not rule
    the query out."""
    places = _places(footer)
    return [
        number
        for number in range(footer.num_row_groups)
        if may_hold(
            query,
            _bounds(footer.row_group(number), places.get(time)),
            _bounds(footer.row_group(number), places.get(kind)),
        )
    ]


def read_row_groups(
    file: pa.NativeFile,
    footer: pq.FileMetaData,
    groups: list[int],
    columns: list[str],
    texts: Sequence[str],
    near: bool,
) -> Iterator[pa.RecordBatch]:
    """The columns of some row groups; `texts` come as the dictionaries that the file has."""
    places = _places(footer)
    for together in [groups] if near else [[group] for group in groups]:
        # From far away a row group comes in one go rather than in many small reads.
        at_once = not near and _stored(footer, together, columns) <= _WHOLE
        parquet = pq.ParquetFile(
            file,
            metadata=footer,
            read_dictionary=[name for name in texts if name in places],
            pre_buffer=at_once,
            buffer_size=0 if at_once else _READ_BUFFER if near else _FAR_BUFFER,
            page_checksum_verification=True,
            coerce_int96_timestamp_unit="us",  # Spark's times; few years fit into nanoseconds
        )
        # One thread: the others are busy with encoding and compressing.
        yield from parquet.iter_batches(_rows(footer), together, columns, use_threads=False)


def _places(footer: pq.FileMetaData) -> dict[str, int]:
    """The places of the columns that are no nested ones."""
    return {footer.schema.column(number).path: number for number in range(footer.num_columns)}


def _stored(footer: pq.FileMetaData, groups: list[int], columns: list[str]) -> int:
    """Bytes that columns of row groups take in the file."""
    places = [place for name, place in _places(footer).items() if name.split(".")[0] in columns]
    return sum(
        footer.row_group(group).column(place).total_compressed_size
        for group in groups
        for place in places
    )


def _rows(footer: pq.FileMetaData) -> int:
    """Rows of a batch, so that one of wide texts has about as many bytes as others."""
    size = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    return min(_ROWS, max(1, _BYTES * footer.num_rows // max(1, size)))


def _bounds(group: pq.RowGroupMetaData, column: int | None) -> Bounds | None:
    statistics = None if column is None else group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    try:
        return statistics.min, statistics.max
    except (ValueError, OverflowError):  # times that Python's datetime cannot hold
        return None
