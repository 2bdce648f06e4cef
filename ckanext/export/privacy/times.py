"""Times: cut to steps, and the observations of a step in an order that does not tell them."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from ..batches import combined
from ..compute import pc
from ..observations import TIMES, Used, codes, from_codes, per_row
from .faults import fail_closed

_MOST = 1 << 18  # rows of a step that are mixed together


def coarse(times: pa.TimestampArray, step: int) -> pa.TimestampArray:
    """The times at which their steps, of so many microseconds, begin."""
    instants = _steps(times, step) * step
    mask = times.is_null().to_numpy(zero_copy_only=False)
    return pa.array(instants, pa.int64(), mask=mask).cast(times.type)


def in_steps(batches: Iterable[pa.RecordBatch], step: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches that end where a step does: only the rows of one batch are mixed,
    and a step of several would be told in parts. One of more than 262,144 rows is, though."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        with fail_closed():
            whole, waiting = _parted([*waiting, batch], step)
        if whole:
            yield whole
    if waiting:
        with fail_closed():
            whole = combined(waiting)
        yield whole


def _parted(
    batches: list[pa.RecordBatch], step: int
) -> tuple[pa.RecordBatch | None, list[pa.RecordBatch]]:
    """The rows up to the last step, and those of the last one, which may go on."""
    first, last = (batches[0].column(TIMES[1])[:1], batches[-1].column(TIMES[1])[-1:])
    many = sum(len(batch) for batch in batches) >= _MOST
    if _steps(first, step) == _steps(last, step) and not many:
        return None, batches
    batch = combined(batches)
    steps = _steps(batch.column(TIMES[1]), step)
    others = np.flatnonzero(steps != steps[-1])
    if not len(others):
        return batch, []
    border = int(others[-1]) + 1
    return batch.slice(0, border), [_compact(batch.slice(border))]


def _compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with the texts that they have: others would be handed on for ever."""
    names = batch.schema.names
    columns = [
        c if n in TIMES else Used(c).compact() for n, c in zip(names, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, schema=batch.schema)


def _steps(times: pa.TimestampArray, step: int) -> np.ndarray:
    return times.cast(pa.int64()).fill_null(0).to_numpy() // step


def mixed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows sorted by all that they say: the sixth of sixty values of an hour would otherwise
    be known to be of its sixth minute. A dictionary would tell in which order texts came first."""
    names = batch.schema.names
    columns = [c if n in TIMES else _sorted(c) for n, c in zip(names, batch.columns, strict=True)]
    keys = {name: _key(column) for name, column in zip(names, columns, strict=True)}
    order = np.lexsort([*keys.values(), *(keys[name] for name in TIMES if name in keys)])
    return pa.record_batch(columns, schema=batch.schema).take(pa.array(order))


def _sorted(column: pa.DictionaryArray) -> pa.DictionaryArray:
    order = pc.array_sort_indices(column.dictionary)
    places = np.empty(len(order) + 1, np.int32)
    places[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    places[-1] = len(order)
    return from_codes(per_row(places, column), column.dictionary.take(order))


def _key(column: pa.Array) -> np.ndarray:
    if isinstance(column, pa.DictionaryArray):
        return codes(column)
    return column.cast(pa.int64()).fill_null(0).to_numpy()
