"""The observations that travel from the lake to the formats, as Arrow record batches.

Smart homes repeat themselves: millions of observations have a few dozen entities, units and
attribute texts. Text columns are therefore dictionary-encoded, and whatever has to be done to a
text is an ordinary function that `Distinct` calls once per distinct value.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa

from .errors import TELL, LakeUnavailable

TEXTS = ("home", "entity_id", "type", "state", "unit", "attributes")
TIMES = ("last_changed", "last_updated")
COLUMNS = ("home", "entity_id", "type", "state", "unit", *TIMES, "attributes")

TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema([(name, TIME if name in TIMES else TEXT) for name in COLUMNS])

DAY = 86_400_000_000  # microseconds

_FIRST_ROWS = 8_192
_ROWS = 65_536  # of a batch that has been made of several
_BYTES = 16 << 20  # of one
_LONGEST = 500  # characters of a text that is worth remembering
_REMEMBERED = 50_000  # answers kept between batches, so that memory does not follow the lake


def producer_type(entity_id: str | None) -> str | None:
    """The part of an entity id before the dot; None where there is none."""
    head, dot, _ = (entity_id or "").partition(".")
    return head if dot else None


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """The canonical schema of some of the columns."""
    return pa.schema([SCHEMA.field(name) for name in columns])


def instant(microseconds: int) -> datetime:
    """The UTC time of microseconds since 1970. Raises LakeUnavailable outside years 1 to 9999."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise LakeUnavailable(
            f"The data lake holds a time that is no date of the years 1 to 9999; {TELL}",
            inside=f"{microseconds} microseconds since 1970",
        ) from error


def distinct_values(column: pa.DictionaryArray) -> list[str | None]:
    """The texts of a column's dictionary; what is not UTF-8 becomes U+FFFD."""
    try:
        return column.dictionary.to_pylist()
    except UnicodeDecodeError:
        raw = column.dictionary.cast(pa.binary()).to_pylist()
        return [None if text is None else text.decode(errors="replace") for text in raw]


def codes(column: pa.DictionaryArray) -> np.ndarray:
    """Each row's place in the dictionary; nulls are one past its end."""
    indices = column.indices
    if indices.null_count:
        indices = indices.fill_null(len(column.dictionary))
    return indices.to_numpy()


def count_values(column: pa.DictionaryArray) -> dict[str, int]:
    """Rows per text that has any; null counts as the empty text."""
    names = [*distinct_values(column), None]
    counted = np.bincount(codes(column), minlength=len(names))
    counts = Counter[str]()
    for place in np.flatnonzero(counted).tolist():
        counts[names[place] or ""] += int(counted[place])
    return counts


def compact(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same column without the dictionary's unused values.

    A row group's dictionary comes with every batch of it, however few rows a filter left, and no
    function need be asked about texts that are not there.
    """
    places = codes(column)
    size = len(column.dictionary)
    used = np.zeros(size + 1, bool)
    used[places] = True
    if used[:size].all():
        return column
    kept = np.flatnonzero(used[:size])
    moved = np.empty(size + 1, np.int32)
    moved[kept] = np.arange(len(kept), dtype=np.int32)
    moved[size] = len(kept)
    mask = (places == size) if column.indices.null_count else None
    indices = pa.array(moved[places], mask=mask)
    return pa.DictionaryArray.from_arrays(indices, column.dictionary.take(pa.array(kept)))


def mapped(column: pa.DictionaryArray, function: "Distinct[str | None]") -> pa.DictionaryArray:
    """The column with the answers instead of its texts, each once in the new dictionary."""
    answers = pa.array(function.answers(column), pa.string()).dictionary_encode()
    places = codes(answers)[codes(column)]
    size = len(answers.dictionary)
    mask = (places == size) if answers.null_count else None
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=mask), answers.dictionary)


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
            yield _combined(waiting)
            waiting = []
    if sum(len(part) for part in waiting):
        yield _combined(waiting)


def _bytes(batches: list[pa.RecordBatch]) -> int:
    return sum(batch.nbytes for batch in batches)


def _combined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()[0]


Answer = TypeVar("Answer")


class _Answers(dict[str | None, Answer]):
    """Asks the function about what is not known yet."""

    def __init__(self, function: Callable[[str | None], Answer]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str | None) -> Answer:
        answer = self._function(text)
        if text is None or len(text) <= _LONGEST:
            self[text] = answer
        return answer


class Distinct(Generic[Answer]):
    """Answers of a function on texts, each distinct text asked once and remembered for a while."""

    def __init__(self, function: Callable[[str | None], Answer]) -> None:
        self._function = function
        self._answers = _Answers(function)

    def answers(self, column: pa.DictionaryArray) -> list[Answer]:
        """One answer per dictionary value and, last, the answer for null: `codes` index it."""
        texts = [*distinct_values(column), None]
        if len(texts) > _REMEMBERED:
            return list(map(self._function, texts))
        if len(self._answers) > _REMEMBERED:
            self._answers.clear()
        return list(map(self._answers.__getitem__, texts))
