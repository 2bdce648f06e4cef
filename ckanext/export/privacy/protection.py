"""The privacy step between the lake and the formats."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cache

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..observations import (
    TIMES,
    Distinct,
    Rewritten,
    Used,
    as_texts,
    codes,
    distinct_values,
    each,
    from_codes,
    matching,
    per_row,
    producer_type,
)
from .attributes import Attributes
from .entities import Entities
from .faults import fail_closed
from .homes import OwnHome, hidden, spelled
from .policy import TIMES as STEPS
from .policy import Policy
from .states import LONG_NUMBER, SHORT_NUMBER, is_number, publishable
from .times import coarse, in_steps, mixed
from .vocabulary import listed

_CLASS = '"device_class":"'  # in attributes as the rule about them writes them
_DEGREES = "°"  # a unit that positions have too
_COUNTED = {"state", "unit"}  # columns of which values are withheld
_REWORDED = {"entity_id", "attributes"}  # columns of which values are changed


class Protection:
    """A policy at work on the batches of one pass.

    `withheld`: column → how many of its values were withheld or, of entity ids and attributes,
    leave with less than they had.
    """

    def __init__(self, policy: Policy) -> None:
        self.withheld: Counter[str] = Counter()
        self._policy = policy
        self._step = STEPS[policy.time_step]
        self._entities = Entities(policy)
        allowed = frozenset(policy.types)
        self._keep: dict[str, Distinct] = {
            "home": Distinct(lambda home: bool(home) and not policy.forgets(home or "")),
            "entity_id": Distinct(lambda entity: producer_type(entity) in allowed),
            "type": Distinct(lambda kind: kind in allowed),
        }
        self._personal = Distinct(self._entities.withheld)
        self._own_home = OwnHome()
        self._spellings = {
            "entity_id": Rewritten(each(_spelled_name)),
            "state": Rewritten(each(_spelled_words)),
            "attributes": Rewritten(each(lambda text: spelled(text or ""))),
        }
        self._rewrite = {
            "home": Rewritten(each(lambda home: None if home is None else policy.pseudonym(home))),
            "entity_id": Rewritten(each(self._entities.rename)),
            "state": Rewritten(each(publishable(policy)), plain=SHORT_NUMBER),
            "unit": Rewritten(
                each(lambda unit: unit if unit and policy.knows_unit(unit) else None)
            ),
            "attributes": Rewritten(Attributes(policy).publishable),
        }

    def protect(self, batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
        """The batches as they may leave. Columns that a batch lacks are not needed: but a state
        is judged by its entity, unit and attributes, and leaves only together with them."""
        kept = self.remaining(batches)
        for batch in kept if self._step == 1 else in_steps(kept, self._step):
            with fail_closed():
                changed = self._changed(batch)
            yield changed

    def remaining(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows that may leave, but as they are in the lake: to be counted, not to be shown."""
        for batch in batches:
            with fail_closed():
                kept = self._kept(batch)
            if kept.num_rows:
                yield kept

    def _kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        mask = np.full(batch.num_rows, True)
        for name, keep in self._keep.items():
            if name in batch.schema.names:
                mask &= keep.rows(batch.column(name))
        return batch if mask.all() else batch.filter(pa.array(mask))

    def _changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        arrays = {name: self._rewritten(name, column) for name, column in given.items()}
        if "home" in given:
            self._hide_homes(given["home"], arrays)
        if "state" in given:
            arrays["state"] = _nulled(arrays["state"], self._personal_states(given, arrays))
        for name in _COUNTED & given.keys():
            self.withheld[name] += arrays[name].null_count - given[name].null_count
        changed = pa.record_batch(list(arrays.values()), schema=batch.schema)
        return changed if self._step == 1 else mixed(changed)

    def _rewritten(self, name: str, column: pa.Array) -> pa.Array:
        if name in TIMES:
            return column if self._step == 1 else coarse(column, self._step)
        used = Used(column)  # what has been filtered out must not leave in a dictionary
        if name not in self._rewrite:
            return used.compact()
        answers = self._rewrite[name].answers(used.texts)
        if name in _REWORDED:
            changed = pc.not_equal(answers[:-1], used.texts).to_numpy(zero_copy_only=False)
            self.withheld[name] += int(used.rows[changed].sum())
        return used.replaced(answers)

    def _personal_states(
        self, given: dict[str, pa.Array], arrays: dict[str, pa.Array]
    ) -> np.ndarray:
        """Rows whose state is withheld for what stands beside it."""
        mask = self._personal.rows(given["entity_id"])
        if "device_class" in self._policy.attributes:
            mask |= _matches(arrays["attributes"], _personal_class())
        mask |= _unmeasured(arrays)
        if "home" in given:
            mask |= self._home_states(given["home"], arrays)
        return mask

    def _hide_homes(self, homes: pa.DictionaryArray, arrays: dict[str, pa.Array]) -> None:
        """Takes the id of a home out of the texts of its own rows. Known words hold none."""
        columns: dict[str, Callable[[str], str]] = {"entity_id": self._entities.hide}
        if self._policy.text_mode == "checked" or self._own_home.numbers(homes):
            columns["attributes"] = lambda _: "{}"
        for name, hide in columns.items():
            if name in arrays:
                column = arrays[name]
                rows = self._own_home.rows(homes, column, self._spelled(name, column))
                if rows is not None:
                    self.withheld[name] += int(rows.sum())
                    arrays[name] = hidden(column, rows, hide)

    def _spelled(self, name: str, column: pa.DictionaryArray) -> list[str]:
        """What of a column's distinct texts is looked at for the id of a home."""
        answers = self._spellings[name].answers(column.dictionary)
        return [text or "" for text in as_texts(answers[:-1])]

    def _home_states(self, homes: pa.DictionaryArray, arrays: dict[str, pa.Array]) -> np.ndarray:
        """Rows whose state is the id of their home or, where texts are not known, holds it."""
        states = arrays["state"]
        mask = np.full(len(states), False)
        numbers = self._own_home.numbers(homes)
        if numbers:
            ids = _bare(pa.array([*numbers], pa.string())).dictionary_encode()
            home_ids = np.full(len(homes.dictionary) + 1, -1)
            home_ids[list(numbers.values())] = codes(ids)
            found = pc.index_in(_bare(states.dictionary), value_set=ids.dictionary)
            state_ids = np.append(found.fill_null(-2).to_numpy(), -2)
            mask = per_row(state_ids, states) == per_row(home_ids, homes)
            mask &= ~_measured(arrays)
        if self._policy.text_mode == "checked":
            rows = self._own_home.rows(homes, states, self._spelled("state", states))
            mask = mask if rows is None else mask | rows
        return mask


def _spelled_name(entity: str | None) -> str:
    return spelled((entity or "").partition(".")[2])


def _spelled_words(state: str | None) -> str:
    """Only of words, because numbers are looked at on their own."""
    return "" if is_number(state or "") else spelled(state or "")


def _bare(numbers: pa.StringArray) -> pa.StringArray:
    """Whole numbers without a sign, noughts before them and a point behind."""
    return pc.replace_substring_regex(numbers, r"\A[+-]?0*([0-9]+?)([.]0*)?\z", r"\1")


def _matches(column: pa.DictionaryArray, pattern: str) -> np.ndarray:
    """Each row's answer of a test of the dictionary; a null passes none."""
    return per_row(np.append(matching(column.dictionary, pattern), False), column)


@cache
def _personal_class() -> str:
    return f'{_CLASS}(?:{"|".join(sorted(listed("personal_classes")))})"'


def _measured(arrays: dict[str, pa.Array]) -> np.ndarray:
    """Rows whose numbers have a unit that no position has, or a device class."""
    units = arrays["unit"]
    united = np.array([*(unit not in (None, _DEGREES) for unit in distinct_values(units)), False])
    return per_row(united, units) | _matches(arrays["attributes"], _CLASS)


def _unmeasured(arrays: dict[str, pa.Array]) -> np.ndarray:
    """Rows whose state is a long number that measures nothing."""
    states = arrays["state"]
    long = matching(states.dictionary, rf"\A{LONG_NUMBER}\z")
    long &= ~matching(states.dictionary, rf"\A(?:{SHORT_NUMBER})\z")
    if not long.any():
        return np.full(len(states), False)
    return per_row(np.append(long, False), states) & ~_measured(arrays)


def _nulled(column: pa.DictionaryArray, mask: np.ndarray) -> pa.DictionaryArray:
    if not mask.any():
        return column
    places = np.where(mask, np.int32(len(column.dictionary)), codes(column))
    return Used(from_codes(places, column.dictionary)).compact()
