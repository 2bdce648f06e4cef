"""Writes the rows of text formats, a batch at a time and without a Python object per row.

All cells of a batch stand in one Arrow array, the pool: each distinct text once, each time once.
A row is a few places in the pool, so that taking the places of all rows from it, in order, makes
an array whose data buffer is the piece of the file. That copies every cell once; joining one
array per column copies it twice (`./portal bench --only parts` times both).
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from ..observations import COLUMNS, Distinct, codes
from .times import timestamps

_PIECE = 4 << 20  # bytes that a piece may have; a batch is written in several
_MOST_PAIRS = 1 << 20  # combinations of two columns that are worth looking at

Cells = tuple[list[str], np.ndarray]  # distinct cells, and each row's place among them


class RowWriter:
    """Rows made of cells, one after the other in the order of `COLUMNS`.

    `texts`: the cell of a text column's value; `times`: what stands before and after a time, and
    the cell of a null; `between`: what separates two rows.
    """

    def __init__(
        self,
        texts: Mapping[str, Callable[[str | None], str]],
        times: Mapping[str, tuple[tuple[str, str], str]],
        between: str,
    ) -> None:
        self._texts = {name: Distinct(cell) for name, cell in texts.items()}
        self._times = times
        self._between = between
        self._begun = False

    def write(self, batch: pa.RecordBatch) -> Iterator[memoryview]:
        """The batch's rows, in one piece or, if they are very wide, in several."""
        parts, places = self._pool(batch)
        pool = pa.concat_arrays(parts)
        widest = sum(int(np.diff(_ends(part)).max()) for part in parts)
        rows = max(1, _PIECE // max(1, widest))
        for start in range(0, batch.num_rows, rows):
            chosen = pa.array(places[start : start + rows].reshape(-1))
            yield self._separated(_data(pool.take(chosen)))

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

    def _parts(self, batch: pa.RecordBatch) -> Iterator[tuple[pa.StringArray, np.ndarray]]:
        waiting: Cells | None = None  # text cells that the next ones may be merged with
        for name in COLUMNS:
            cells = self._text_cells(name, batch.column(name)) if name in self._texts else None
            merged = _merge(waiting, cells) if waiting and cells else None
            if waiting and merged is None:
                yield pa.array(waiting[0], pa.string()), waiting[1]
            waiting = merged or cells
            if cells is None:
                yield self._time_cells(name, batch.column(name))
        if waiting:
            yield pa.array(waiting[0], pa.string()), waiting[1]

    def _text_cells(self, name: str, column: pa.DictionaryArray) -> Cells:
        cells = self._texts[name].answers(column)
        if name == COLUMNS[0] and self._between:
            cells = [self._between + cell for cell in cells]
        return cells, codes(column)

    def _time_cells(
        self, name: str, column: pa.TimestampArray
    ) -> tuple[pa.StringArray, np.ndarray]:
        (before, after), null = self._times[name]
        cells = timestamps(column, before, after)
        places = np.arange(len(column), dtype=np.int32)
        if column.null_count:
            cells = pa.concat_arrays([cells, pa.array([null], pa.string())])
            places[column.is_null().to_numpy(zero_copy_only=False)] = len(column)
        return cells, places

    def _separated(self, piece: memoryview) -> memoryview:
        """The piece; the file's first row has nothing before it to be separated from."""
        if self._begun:
            return piece
        self._begun = True
        return piece[len(self._between.encode()) :]


def _merge(left: Cells, right: Cells) -> Cells | None:
    """Two neighbouring columns as one, where the rows have few pairs of them: else None.

    Home, entity and type are the example: a merged cell saves every row two places.
    """
    pairs = len(left[0]) * len(right[0])
    rows = len(left[1])
    if pairs > _MOST_PAIRS:
        return None
    pair = left[1] * np.int32(len(right[0])) + right[1]
    used = np.zeros(pairs, bool)
    used[pair] = True
    distinct = np.flatnonzero(used)
    if len(distinct) > rows // 16:
        return None
    place = np.empty(pairs, np.int32)
    place[distinct] = np.arange(len(distinct), dtype=np.int32)
    lefts, rights = np.divmod(distinct, len(right[0]))
    cells = [left[0][i] + right[0][j] for i, j in zip(lefts.tolist(), rights.tolist(), strict=True)]
    return cells, place[pair]


def _ends(texts: pa.StringArray) -> np.ndarray:
    """Where each text of an array begins in its data, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1]


def _data(texts: pa.StringArray) -> memoryview:
    """All texts of an array one after the other, without a copy."""
    data = texts.buffers()[2]
    return memoryview(data)[: _ends(texts)[-1]] if data else memoryview(b"")
