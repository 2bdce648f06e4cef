"""Writes the rows of text formats, a batch at a time and without a Python object per row.

All cells of a batch stand in one Arrow array, the pool: each distinct text once, each time once.
A row is a few places in the pool, so that taking the places of all rows from it, in order, makes
an array whose data buffer is the piece of the file. That copies every cell once; joining one
array per column copies it twice (`./portal bench --only parts` times both).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..observations import COLUMNS, TIMES, Rewritten, borders, codes
from .times import timestamps

_PIECE = 1024 << 10  # bytes that a piece may have; a batch is written in several
_MOST_PAIRS = 1 << 12  # combinations of two columns: counting more costs more than it saves

Cells = tuple[pa.StringArray, np.ndarray]  # distinct cells, and each row's place among them


@dataclass(frozen=True)
class Cell:
    """What stands before and after a value, and the whole cell of a null."""

    before: str
    after: str
    null: str


class RowWriter:
    """Rows made of cells, one after the other in the order of `COLUMNS`.

    `texts`: how the values of text columns are written; `between`: what separates two rows.
    """

    def __init__(
        self, cells: Mapping[str, Cell], texts: Mapping[str, Rewritten], between: str
    ) -> None:
        self._cells = cells
        self._texts = texts
        self._between = between
        self._alike = TIMES[0] not in texts and cells[TIMES[0]] == cells[TIMES[1]]
        self._begun = False

    def write(self, batch: pa.RecordBatch) -> Iterator[memoryview]:
        """The batch's rows, in one piece or, if they are very wide, in several."""
        parts, places = self._pool(batch)
        pool = pa.concat_arrays(parts)
        widest = sum(int(np.diff(borders(part)).max()) for part in parts)
        rows = max(1, _PIECE // max(1, widest))
        for start in range(0, batch.num_rows, rows):
            chosen = pa.array(places[start : start + rows].reshape(-1))
            yield self._separated(_data(pc.take(pool, chosen, boundscheck=False)))

    def _pool(self, batch: pa.RecordBatch) -> tuple[list[pa.StringArray], np.ndarray]:
        """The pool in parts, and a matrix of places in it, a line per row."""
        parts: list[pa.StringArray] = []
        columns: list[np.ndarray] = []
        size = 0
        for cells, places in self._parts(batch):
            parts.append(cells)
            columns.append(places + np.int32(size))
            size += len(cells)
        matrix = np.empty((batch.num_rows, len(columns)), np.int32)
        for number, places in enumerate(columns):
            matrix[:, number] = places
        return parts, matrix

    def _parts(self, batch: pa.RecordBatch) -> Iterator[Cells]:
        waiting: Cells | None = None  # text cells that the next ones may be merged with
        for name in COLUMNS:
            if name == TIMES[1] and self._alike:
                yield self._other_times(*map(batch.column, TIMES))
                continue
            cells = self.cells(name, batch.column(name))
            merged = _merge(waiting, cells) if waiting and name in self._texts else None
            if waiting and merged is None:
                yield waiting
            waiting = merged or cells
            if name not in self._texts:
                yield waiting
                waiting = None
        if waiting:
            yield waiting

    def cells(self, name: str, column: pa.Array) -> Cells:
        """The cells of one column."""
        if name in self._texts:
            return self._text_cells(name, column)
        return self._time_cells(name, column)

    def _text_cells(self, name: str, column: pa.DictionaryArray) -> Cells:
        cell, between = self._cells[name], self._between if name == COLUMNS[0] else ""
        texts = self._texts[name].answers(column.dictionary)
        cells = pc.binary_join_element_wise(between + cell.before, texts, cell.after, "")
        return cells.fill_null(between + cell.null), codes(column)

    def _time_cells(self, name: str, column: pa.TimestampArray) -> Cells:
        cell = self._cells[name]
        cells = timestamps(column, cell.before, cell.after)
        places = np.arange(len(column), dtype=np.int32)
        if column.null_count:
            cells = pa.concat_arrays([cells, pa.array([cell.null], pa.string())])
            places[column.is_null().to_numpy(zero_copy_only=False)] = len(column)
        return cells, places

    def _other_times(self, first: pa.TimestampArray, second: pa.TimestampArray) -> Cells:
        """The second times' cells, those alone that are not among the first ones', which stand
        before them: most observations changed when they were updated."""
        others = pc.not_equal(first, second).fill_null(True).to_numpy(zero_copy_only=False)
        others[0] = True  # one there must be
        cells, places_there = self._time_cells(TIMES[1], second.filter(pa.array(others)))
        before = len(first) + bool(first.null_count)
        places = np.arange(-before, len(first) - before, dtype=np.int32)
        places[others] = places_there
        return cells, places

    def _separated(self, piece: memoryview) -> memoryview:
        """The piece; the file's first row has nothing before it to be separated from."""
        if self._begun:
            return piece
        self._begun = True
        return piece[len(self._between.encode()) :]


def _merge(left: Cells, right: Cells) -> Cells | None:
    """Two neighbouring columns as one, where the rows have few pairs of them: else None.

    Home, entity and type of a few homes are the example: a merged cell saves every row two places.
    """
    pairs = len(left[0]) * len(right[0])
    rows = len(left[1])
    if pairs > _MOST_PAIRS:
        return None
    pair = left[1] * np.int32(len(right[0])) + right[1]
    distinct = np.flatnonzero(np.bincount(pair, minlength=pairs))
    if len(distinct) > rows // 8:
        return None
    place = np.empty(pairs, np.int32)
    place[distinct] = np.arange(len(distinct), dtype=np.int32)
    lefts, rights = np.divmod(distinct, len(right[0]))
    cells = (left[0].take(pa.array(lefts)), right[0].take(pa.array(rights)))
    return pc.binary_join_element_wise(*cells, ""), place.take(pair)


def _data(texts: pa.StringArray) -> memoryview:
    """All texts of an array one after the other, without a copy."""
    data = texts.buffers()[2]
    return memoryview(data)[: borders(texts)[-1]] if data else memoryview(b"")
