"""What the rules do to a lake, in words for who administers it; the values themselves masked."""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa

from ..observations import Distinct, count_values, producer_type
from .entities import Entities
from .identifiers import identifies
from .policy import Policy
from .protection import Protection
from .states import LONG_NUMBER
from .vocabulary import listed

_TOLD = 10  # keys, patterns and values that are told; others are counted
_NUMBER = re.compile(LONG_NUMBER)
_PLACE = re.compile(r"-?1?[0-9]{1,2}[.][0-9]{4,}")  # as precise as a street
_LONG = re.compile(r"[+-]?[0-9]{9,}")  # as long as a telephone's number


def report(batches: Iterable[pa.RecordBatch], policy: Policy, seconds: float = 0) -> Iterator[str]:
    """Sentences about observations as the lake has them. Reading ends after some `seconds`; 0
    reads everything."""
    found, began, whole = _Findings(policy), time.monotonic(), True
    for batch in batches:
        found.add(batch)
        if seconds and time.monotonic() - began > seconds:
            whole = False
            break
    yield f"{found.rows:,} observations of {len(found.homes):,} homes were read" + (
        "." if whole else f"; there are more, and --seconds 0 reads all ({seconds:g} now)."
    )
    yield from found.tell()


class _Findings:
    """What the rules did to the batches so far."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._protection = Protection(policy)
        self._entities = Entities(policy)
        self.rows = self.left = self.states = 0
        self.homes = Counter[str]()
        self._leaving = Counter[str]()  # homes, by pseudonym
        self._types = Counter[str]()
        self._patterns = Counter[str]()
        self._keys = Counter[str]()
        self.published = self._forgotten = self._unknown = self._sensors = self._identifying = 0
        self._personal = Counter[str]()

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += len(batch)
        self.homes.update(count_values(batch.column("home")))
        for name, rows in count_values(batch.column("type")).items():
            if name not in self._policy.types:
                self._types[name if name in listed("types") else "(other names)"] += rows
        for home, rows in count_values(batch.column("home")).items():
            self._forgotten += rows if self._policy.forgets(home) else 0
        for left in self._protection.protect([batch]):
            self.left += len(left)
            self.states += len(left) - left.column("state").null_count
            self._leaving.update(count_values(left.column("home")))
            self._look_again(left)
        published = self._published(batch)
        self.published += len(published)
        self._look_at(published)

    def _look_at(self, batch: pa.RecordBatch) -> None:
        """What the rules find in observations of types that leave."""
        for entity, rows in count_values(batch.column("entity_id")).items():
            self._sensors += rows if self._entities.withheld(entity) else 0
            if self._entities.rename(entity) != entity:
                self._patterns[self._entities.pattern(entity)] += rows
        for text, rows in count_values(batch.column("state")).items():
            if text and not _NUMBER.fullmatch(text) and not self._policy.knows_state(text):
                self._unknown += rows
            self._identifying += rows if identifies(text) else 0
        for text, rows in count_values(batch.column("attributes")).items():
            for key in set(_keys(_parsed(text))) - set(self._policy.attributes):
                self._keys[masked(key) if identifies(key) else key] += rows

    def tell(self) -> Iterator[str]:
        policy, withheld = self._policy, self._protection.withheld
        yield f"homes: {len(self._leaving):,} leave, each by a pseudonym (key id {policy.key_id})"
        yield f"forgotten homes: {self._forgotten:,} observations stay in the lake"
        yield f"producer types: {self.rows - self.published:,} observations stay in the lake"
        yield from _ranked("  type", self._types)
        yield f"entity ids ({policy.entity_mode}): {withheld['entity_id']:,} leave with tokens"
        yield from _ranked("  pattern", self._patterns)
        share = 100 * self.states / self.left if self.left else 0
        yield (
            f"states: {share:.1f} % of what leaves has one; {withheld['state']:,} are withheld "
            f"({self._unknown:,} are texts that are not known, {self._sensors:,} are of personal "
            "sensors)"
        )
        yield f"a second look: {self._identifying:,} states hold an identifier"
        yield f"units: {withheld['unit']:,} are withheld"
        yield (
            f"attributes: {withheld['attributes']:,} observations leave with fewer; names that are "
            f"not allowed stand in them {self._keys.total():,} times"
        )
        yield from _ranked("  key", self._keys)
        yield f"times: {policy.time_step}"
        few = 0 < len(self._leaving) < policy.min_homes
        refused = "; there are fewer, so every export is refused" if few else ""
        yield f"homes that an export needs: {policy.min_homes}{refused}"
        yield f"values that look personal and still leave: {self._personal.total():,}"
        yield from _ranked("  value", self._personal)

    def _published(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The observations of types that leave."""
        types = self._policy.types
        kept = Distinct(lambda kind: kind in types).rows(batch.column("type"))
        kept &= Distinct(lambda entity: producer_type(entity) in types).rows(
            batch.column("entity_id")
        )
        return batch.filter(pa.array(kept))

    def _look_again(self, left: pa.RecordBatch) -> None:
        for name in ("entity_id", "state", "unit", "attributes"):
            for text, rows in count_values(left.column(name)).items():
                if self._looks_personal(name, text):
                    self._personal[f"{name} {masked(text)}"] += rows

    def _looks_personal(self, name: str, text: str) -> bool:
        if name == "state" and _NUMBER.fullmatch(text):
            return bool(_PLACE.fullmatch(text) or _LONG.fullmatch(text))
        if name == "entity_id" and self._policy.entity_mode == "keep":
            return "*" in self._entities.pattern(text)
        if name == "entity_id":
            return False  # its words are known, and tokens look like keys
        return identifies(text)


def masked(text: str) -> str:
    """The shape of a text: `anna-7@x.org` is `xxxx-9@x.xxx`."""
    shape = "".join("9" if s.isdigit() else "x" if s.isalpha() else s for s in text)
    return shape if len(shape) <= 60 else f"{shape[:60]}…"


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text or "{}")
    except ValueError:
        return {}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _ranked(what: str, counts: Counter[str]) -> Iterator[str]:
    for name, rows in counts.most_common(_TOLD):
        yield f"{what} {name or '(none)'}: {rows:,}"
    if len(counts) > _TOLD:
        yield f"{what}s that are not told: {len(counts) - _TOLD:,}"
