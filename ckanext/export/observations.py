"""The observations that travel from the lake to the formats, as Arrow record batches.

Smart homes repeat themselves: millions of observations have a few dozen entities, units and
attribute texts. Text columns are therefore dictionary-encoded, and whatever has to be done to a
text is an ordinary function that is called once per distinct value.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from .compute import pc
from .errors import TELL, LakeUnavailable

TEXTS = ("home", "entity_id", "type", "state", "unit", "attributes")
TIMES = ("last_changed", "last_updated")
COLUMNS = ("home", "entity_id", "type", "state", "unit", *TIMES, "attributes")

TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema([(name, TIME if name in TIMES else TEXT) for name in COLUMNS])

Answers = Callable[[pa.StringArray], pa.StringArray]  # one for each text

DAY = 86_400_000_000  # microseconds

_REMEMBERED = 4 << 20  # bytes of texts whose answers are kept for the next batches
_SELDOM = 8  # of so many texts that are kept one has to come again
_FEW = 1 << 10  # texts that tell whether any do


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


def span(times: pa.TimestampArray) -> tuple[datetime, datetime] | None:
    """The first and the last time, UTC; None where there is none.

    Raises LakeUnavailable for a time outside the years 1 to 9999.
    """
    instants = times.drop_null().cast(pa.int64()).to_numpy()
    if not len(instants):
        return None
    return instant(int(instants.min())), instant(int(instants.max()))


def distinct_values(column: pa.DictionaryArray) -> list[str | None]:
    """The texts of a column's dictionary."""
    return as_texts(column.dictionary)


def as_texts(texts: pa.StringArray) -> list[str | None]:
    """Python's texts; what is not UTF-8 becomes U+FFFD."""
    try:
        return texts.to_pylist()
    except UnicodeDecodeError:
        raw = texts.cast(pa.binary()).to_pylist()
        return [None if text is None else text.decode(errors="replace") for text in raw]


def as_utf8(texts: pa.StringArray) -> pa.StringArray:
    """The same texts; if any of them is not UTF-8, with U+FFFD for what is not."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return pa.array(as_texts(texts), pa.string())
    return texts


def borders(texts: pa.StringArray) -> np.ndarray:
    """Where each text of an array begins in its data and, last, where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]


def codes(column: pa.DictionaryArray) -> np.ndarray:
    """Each row's place in the dictionary; nulls are one past its end."""
    indices = column.indices
    if indices.null_count:
        indices = indices.fill_null(len(column.dictionary))
    return indices.to_numpy()


def from_codes(places: np.ndarray, dictionary: pa.StringArray) -> pa.DictionaryArray:
    """The column of which `codes` gives these places."""
    nulls = places == len(dictionary)
    indices = pa.array(places, mask=nulls if nulls.any() else None)
    return pa.DictionaryArray.from_arrays(indices, dictionary)


def per_row(answers: np.ndarray, column: pa.DictionaryArray) -> np.ndarray:
    """Each row's answer, of one for every text of the dictionary and, last, one for null."""
    return answers.take(codes(column))  # twice as fast as `answers[...]`


def row_counts(column: pa.DictionaryArray) -> np.ndarray:
    """Rows per text of the dictionary and, last, of null."""
    return np.bincount(codes(column), minlength=len(column.dictionary) + 1)


def count_values(column: pa.DictionaryArray) -> dict[str, int]:
    """Rows per text that has any; null counts as the empty text."""
    names = [*distinct_values(column), None]
    counted = row_counts(column)
    counts = Counter[str]()
    for place in np.flatnonzero(counted).tolist():
        counts[names[place] or ""] += int(counted[place])
    return counts


def matching(texts: pa.StringArray, pattern: str) -> np.ndarray:
    """Which texts a pattern is found in; null is none."""
    found = pc.match_substring_regex(texts, pattern).fill_null(False)
    return found.to_numpy(zero_copy_only=False)


class Used:
    """Those texts of a column that any row has, and how many `rows` have each.

    A row group's dictionary comes with every batch of it, however few rows a filter left, and no
    function need be asked about texts that are not there.
    """

    def __init__(self, column: pa.DictionaryArray) -> None:
        self._column = column
        self._codes = codes(column)
        size = len(column.dictionary)
        counted = np.bincount(self._codes, minlength=size + 1)[:-1]
        self._kept = np.flatnonzero(counted)
        self._all = len(self._kept) == size
        self.rows = counted[self._kept]
        self.texts = (
            column.dictionary if self._all else column.dictionary.take(pa.array(self._kept))
        )

    def replaced(self, answers: pa.StringArray) -> pa.DictionaryArray:
        """The column with `answers` as `Rewritten` gives them, each once in the new dictionary."""
        answers = answers.dictionary_encode()
        return from_codes(self._moved(codes(answers)), answers.dictionary)

    def compact(self) -> pa.DictionaryArray:
        """The column without the dictionary's other texts."""
        if self._all:
            return self._column
        return from_codes(self._moved(np.arange(len(self.texts) + 1)), self.texts)

    def _moved(self, places: np.ndarray) -> np.ndarray:
        moved = np.empty(len(self._column.dictionary) + 1, np.int32)
        moved[self._kept] = places[:-1]
        moved[-1] = places[-1]
        return moved.take(self._codes)


def mapped(column: pa.DictionaryArray, function: "Rewritten") -> pa.DictionaryArray:
    """The column with a function's answers instead of its texts."""
    used = Used(column)
    return used.replaced(function.answers(used.texts))


def each(function: Callable[[str | None], str | None]) -> Answers:
    """A function of one text as a function of many."""
    return lambda texts: pa.array(list(map(function, as_texts(texts))), pa.string())


class Rewritten:
    """A function from texts to texts that is asked once per distinct text, and remembered.

    Texts that match `plain`, a whole-text pattern, are their own answers and are not asked about;
    texts that the batch before had too are looked up by Arrow, among `most` at most: which is to
    be small where asking costs little. Where hardly any text comes again, few are looked up.
    """

    def __init__(self, function: Answers, plain: str = "", most: int = 1 << 20) -> None:
        self._ask = function
        self._most = most
        self._plain = rf"\A(?:{plain})\z" if plain else ""
        self._known = self._said = pa.array([], pa.string())

    def answers(self, texts: pa.StringArray) -> pa.StringArray:
        """One answer per text of a dictionary and, last, the answer for null: `codes` index it."""
        return pa.concat_arrays([self._answers(texts), self._null])

    @cached_property
    def _null(self) -> pa.StringArray:
        return self._ask(pa.nulls(1, pa.string()))

    def _answers(self, texts: pa.StringArray) -> pa.StringArray:
        if not self._plain:
            return self._looked_up(texts)
        odd = pc.invert(pc.match_substring_regex(texts, self._plain))
        if not pc.any(odd).as_py():
            return texts
        return pc.replace_with_mask(texts, odd, self._looked_up(texts.filter(odd)))

    def _looked_up(self, texts: pa.StringArray) -> pa.StringArray:
        places = pc.index_in(texts, value_set=self._known)
        unknown = places.is_null()
        if not places.null_count:
            return self._said.take(places)
        new = texts.filter(unknown)
        said = pa.concat_arrays([self._said, self._ask(new)])
        added = pa.array(np.arange(len(self._known), len(said), dtype=np.int32))
        answers = said.take(pc.replace_with_mask(places, unknown, added))
        if len(said) > self._most or self._known.nbytes + new.nbytes > _REMEMBERED:
            again = (len(texts) - len(new)) * _SELDOM >= min(len(texts), len(self._known))
            most = min(len(texts), self._most if again else _FEW)
            # From all over the batch, and copies, because slices would keep all the rest too.
            kept = pa.array(np.arange(most) * len(texts) // max(1, most))
            self._known, self._said = texts.take(kept), answers.take(kept)
        else:
            self._known, self._said = pa.concat_arrays([self._known, new]), said
        return answers


class Distinct:
    """A test that is made once per distinct text of a column, and remembered."""

    def __init__(self, test: Callable[[str | None], bool]) -> None:
        self._passing = Rewritten(each(lambda text: "" if test(text) else None))

    def rows(self, column: pa.DictionaryArray) -> np.ndarray:
        """Each row's answer."""
        passing = self._passing.answers(column.dictionary).is_valid()
        return per_row(passing.to_numpy(zero_copy_only=False), column)
