"""Excel workbooks, row by row: nothing is kept in memory or on a disk.

The file is a zip of XML (ECMA-376), so rows are written like those of other text formats. Cells
have no addresses, which are optional, and texts stand in their cells, not in a shared table.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..errors import ExportError
from ..observations import COLUMNS, TIMES, distinct_values
from ..zips import Piece, TooLarge, zipped
from .base import NOTHING, About, Options, RowFormat, expect_dates
from .rows import Cell, RowWriter
from .times import timestamps
from .workbook import LONGEST, MOST_ROWS, Skeleton, cut
from .xml import content

_MOST_BYTES = 3 << 30  # of a sheet: Excel does not read larger members of a zip
_NO_TIME = datetime(1980, 1, 1)  # noqa: DTZ001 - a zip's times have no zone; this is its zero
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # what Excel would take for an escaped character

_DAY = 86_400_000  # milliseconds
_EPOCH = 25_569  # 1970-01-01 in Excel's days
_FIRST = 61  # 1900-03-01: Excel's calendar is wrong before it


class Xlsx(RowFormat):
    name = "xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"
    title = "XLSX"
    description = "An Excel workbook with real dates, on several sheets above 1,048,575 rows."
    encoding = ""

    def __init__(self, options: Options, about: About = NOTHING) -> None:
        super().__init__(options, about)
        self._skeleton = Skeleton(1, about)

    def encode(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Piece]:
        try:
            yield from zipped(self._parts(batches), _NO_TIME, zip64=False)
        except TooLarge as error:
            raise ExportError(
                "An Excel workbook cannot have more than 4 GiB; ask for fewer days or for Parquet."
            ) from error

    def _parts(self, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, Iterable[Piece]]]:
        """Path → content: as many sheets as the rows need, then what is the same for all."""
        rows, waiting, sheets = self.rows(), _Waiting(batches), 1
        yield self._skeleton.last.path, self._sheet(rows, waiting)
        while waiting.any():
            sheets += 1
            self._skeleton = Skeleton(sheets, self.about)
            yield self._skeleton.last.path, self._sheet(rows, waiting)
        for path, text in self._skeleton.others().items():
            yield path, [text]

    def _sheet(self, rows: RowWriter, waiting: "_Waiting") -> Iterator[Piece]:
        yield self._skeleton.last.before
        size = 0
        for batch in waiting.take(MOST_ROWS):
            expect_dates(batch)
            for piece in rows.write(self._fitted(batch)):
                size += len(piece)
                yield piece
            if size > _MOST_BYTES:
                break
        yield self._skeleton.last.after

    def rows(self) -> RowWriter:
        cells = {name: Cell(*self.around(name), self.null(name)) for name in COLUMNS}
        return RowWriter(cells, {name: self._rewritten(name) for name in COLUMNS}, self.between)

    def around(self, column: str) -> tuple[str, str]:
        row, end = "<row>" * (column == COLUMNS[0]), "</row>" * (column == COLUMNS[-1])
        if column in TIMES:  # whose cells come as such
            return row, end
        before, after = self._text_cell(column)
        return row + before, after + end

    def plain(self, column: str) -> str:
        return ".*" if column in TIMES else r"[ -%'-;=?-^`-~]*"

    def text(self, column: str, value: str) -> str:
        return content(_ESCAPED.sub("_x005F_", value))

    def null(self, column: str) -> str:
        return "<row>" * (column == COLUMNS[0]) + "<c/>" + "</row>" * (column == COLUMNS[-1])

    def _text_cell(self, column: str) -> tuple[str, str]:
        style = self._skeleton.styles[column]
        return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"

    def _fitted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch as Excel can hold it: times as their cells, and no text too long for one."""
        columns = [
            self._time_cells(name, batch.column(name))
            if name in TIMES
            else _short(batch.column(name))
            for name in COLUMNS
        ]
        return pa.record_batch(columns, names=list(COLUMNS))

    def _time_cells(self, name: str, column: pa.TimestampArray) -> pa.DictionaryArray:
        """A number of days where Excel's calendar reaches, else the time as text."""
        days = _days(column)
        before = f'<c s="{self._skeleton.styles[name]}"><v>'
        cells = pc.binary_join_element_wise(before, days.cast(pa.string()), "</v></c>", "")
        early = pc.less(days, _FIRST)
        if pc.any(early).as_py():
            cells = pc.if_else(early, timestamps(column, *self._text_cell(name)), cells)
        places = pa.array(np.arange(len(column), dtype=np.int32), mask=np.asarray(column.is_null()))
        return pa.DictionaryArray.from_arrays(places, cells)


def _days(column: pa.TimestampArray) -> pa.DoubleArray:
    """Excel's times: days since the end of 1899, to the millisecond that has begun."""
    millis = column.cast(pa.int64()).fill_null(0).to_numpy() // 1000
    return pa.array((millis + _EPOCH * _DAY) / _DAY)


def _short(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """A column of texts without those that are too long."""
    longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    if longest <= LONGEST:  # bytes, of which there are no fewer than Excel's units
        return column
    texts = [None if text is None else cut(text) for text in distinct_values(column)]
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(texts, pa.string()))


class _Waiting:
    """Batches that are taken a sheet at a time."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = iter(batches)
        self._next: pa.RecordBatch | None = None

    def any(self) -> bool:
        while not self._next:
            self._next = next(self._batches, None)
            if self._next is None:
                return False
        return True

    def take(self, rows: int) -> Iterator[pa.RecordBatch]:
        """As many rows, or fewer if there are no more."""
        while rows and self.any() and self._next:
            batch, self._next = self._next.slice(0, rows), self._next.slice(rows)
            rows -= len(batch)
            yield batch
