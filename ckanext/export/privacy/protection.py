"""The privacy step between the lake and the formats."""

from collections import Counter
from collections.abc import Generator, Iterable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..observations import (
    TIMES,
    Distinct,
    Rewritten,
    codes,
    compact,
    distinct_values,
    producer_type,
    replaced,
)
from .attributes import Attributes
from .entities import Entities, spelling
from .policy import TIMES as STEPS
from .policy import Policy
from .states import LONG_NUMBER, SHORT_NUMBER, publishable

_SHORTEST = 3  # characters of a home's id that can be recognized in another text
_REMEMBERED = 10_000  # homes and entities whose hashes and spellings are kept
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
        self._entities = Entities(policy)
        allowed = frozenset(policy.types)
        forgets = lru_cache(_REMEMBERED)(policy.forgets)
        self._spelling = lru_cache(_REMEMBERED)(spelling)
        self._keep: dict[str, Distinct[bool]] = {
            "home": Distinct(lambda home: home is not None and not forgets(home)),
            "entity_id": Distinct(lambda entity: producer_type(entity) in allowed),
            "type": Distinct(lambda kind: kind in allowed),
        }
        self._personal = Distinct(self._entities.withheld)
        self._rewrite = {
            "home": Rewritten(lambda home: None if home is None else policy.pseudonym(home)),
            "entity_id": Rewritten(self._entities.rename),
            "state": Rewritten(publishable(policy), plain=SHORT_NUMBER),
            "unit": Rewritten(lambda unit: unit if unit and policy.knows_unit(unit) else None),
            "attributes": Rewritten(Attributes(policy).publishable),
        }

    def protect(self, batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
        """The batches as they may leave. Columns that a batch lacks are not needed: but a state
        is judged by its entity, unit and attributes, and leaves only together with them."""
        for batch in batches:
            kept = self._kept(batch)
            if kept.num_rows:
                yield self._changed(kept)

    def _kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        mask = np.full(batch.num_rows, True)
        for name, keep in self._keep.items():
            if name in batch.schema.names:
                column = batch.column(name)
                mask &= np.array(keep.answers(column))[codes(column)]
        return batch if mask.all() else batch.filter(pa.array(mask))

    def _changed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        arrays = {name: self._rewritten(name, column) for name, column in given.items()}
        if "entity_id" in given and "home" in given:
            arrays["entity_id"] = self._without_homes(given["home"], arrays["entity_id"])
        if "state" in given:
            personal = _flags(self._personal, given["entity_id"])
            unmeasured = _unmeasured(arrays["state"], arrays["unit"], arrays["attributes"])
            arrays["state"] = _nulled(arrays["state"], personal | unmeasured)
        for name in _COUNTED & given.keys():
            self.withheld[name] += arrays[name].null_count - given[name].null_count
        return pa.record_batch(list(arrays.values()), schema=batch.schema)

    def _rewritten(self, name: str, column: pa.Array) -> pa.Array:
        if name in TIMES:
            return self._coarse(column)
        if name not in self._rewrite:
            return column
        column = compact(column)
        answers = self._rewrite[name].answers(column)
        if name in _REWORDED:
            changed = pc.not_equal(answers[:-1], column.dictionary).to_numpy(zero_copy_only=False)
            self.withheld[name] += int(np.append(changed, False)[codes(column)].sum())
        return replaced(column, answers)

    def _coarse(self, times: pa.TimestampArray) -> pa.TimestampArray:
        step = STEPS[self._policy.time_step]
        if step == 1:
            return times
        instants = times.cast(pa.int64()).fill_null(0).to_numpy() // step * step
        mask = times.is_null().to_numpy(zero_copy_only=False)
        return pa.array(instants, pa.int64(), mask=mask).cast(times.type)

    def _without_homes(
        self, homes: pa.DictionaryArray, entities: pa.DictionaryArray
    ) -> pa.DictionaryArray:
        """Entity ids that hold the id of their own home, in any spelling, without their words."""
        things = [self._thing(entity) for entity in distinct_values(entities)]
        everything = "\n".join(things)
        found = [
            (place, name)
            for place, name in enumerate(self._names(homes))
            if len(name) >= _SHORTEST and name in everything
        ]
        if not found:
            return entities
        texts, places, home_places = distinct_values(entities), codes(entities), codes(homes)
        for home, name in found:
            for entity, thing in enumerate(things):
                if name in thing:
                    rows = (home_places == home) & (places == entity)
                    self.withheld["entity_id"] += int(rows.sum())
                    places = np.where(rows, len(texts), places).astype(np.int32)
                    texts.append(self._entities.hide(texts[entity] or ""))
        return pa.DictionaryArray.from_arrays(pa.array(places), pa.array(texts, pa.string()))

    def _names(self, homes: pa.DictionaryArray) -> list[str]:
        return [self._spelling(home or "") for home in distinct_values(homes)]

    def _thing(self, entity: str | None) -> str:
        return self._spelling((entity or "").partition(".")[2])


def _flags(function: Distinct[bool], column: pa.DictionaryArray) -> np.ndarray:
    return np.array(function.answers(column))[codes(column)]


def _matches(column: pa.DictionaryArray, matched: pa.BooleanArray) -> np.ndarray:
    """Each row's answer of a test of the dictionary; a null passes none."""
    return np.append(matched.fill_null(False).to_numpy(zero_copy_only=False), False)[codes(column)]


def _unmeasured(
    states: pa.DictionaryArray, units: pa.DictionaryArray, attributes: pa.DictionaryArray
) -> np.ndarray:
    """Rows whose state is a long number without a unit or a device class."""
    short = pc.match_substring_regex(states.dictionary, rf"\A{SHORT_NUMBER}\z")
    long = pc.and_not(pc.match_substring_regex(states.dictionary, rf"\A{LONG_NUMBER}\z"), short)
    if not pc.any(long).as_py():
        return np.full(len(states), False)
    classed = pc.match_substring(attributes.dictionary, '"device_class":"')
    measured = units.is_valid().to_numpy(zero_copy_only=False) | _matches(attributes, classed)
    return _matches(states, long) & ~measured


def _nulled(column: pa.DictionaryArray, mask: np.ndarray) -> pa.DictionaryArray:
    if not mask.any():
        return column
    places = codes(column)
    mask |= places == len(column.dictionary)
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=mask), column.dictionary)
