"""Record batches of a size that suits the pipeline, whatever the lake's own are."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

_FIRST_ROWS = 2_048
_ROWS = 65_536  # of a batch that has been made of several
_BYTES = 16 << 20  # of one


def regroup(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of a good size: a text of many small ones is looked at less often.

    The first one is short, because somebody waits for it.
    """
    waiting: list[pa.RecordBatch] = []
    wanted = _FIRST_ROWS
    for batch in batches:
        if wanted == _FIRST_ROWS:
            yield batch.slice(0, wanted)
            batch = batch.slice(wanted)
            wanted = _ROWS
        waiting.append(batch)
        if sum(len(part) for part in waiting) >= wanted or _bytes(waiting) >= _BYTES:
            yield combined(waiting)
            waiting = []
    if sum(len(part) for part in waiting):
        yield combined(waiting)


def _bytes(batches: list[pa.RecordBatch]) -> int:
    return sum(batch.nbytes for batch in batches)


def combined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch with the rows of several."""
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()[0]
