"""Times: cut to steps, and the observations of a step in an order that does not tell them."""

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..observations import TIMES, codes, from_codes, per_row


def coarse(times: pa.TimestampArray, step: int) -> pa.TimestampArray:
    """The times at which their steps, of so many microseconds, begin."""
    instants = times.cast(pa.int64()).fill_null(0).to_numpy() // step * step
    mask = times.is_null().to_numpy(zero_copy_only=False)
    return pa.array(instants, pa.int64(), mask=mask).cast(times.type)


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
