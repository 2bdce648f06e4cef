"""What a portal has decided about privacy."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..errors import EmptyDataset
from ..query import Query, compatible
from .identifiers import identifies
from .vocabulary import listed

TIMES = {"exact": 1, "minute": 60_000_000, "hour": 3_600_000_000}  # microseconds of a step

_WORDS = re.compile(r"[\W_]+")
_NUMBERED = re.compile(r"([a-z]*)[0-9]{1,2}")


@dataclass(frozen=True)
class Policy:
    """The portal's privacy rules: what is not known to be harmless does not leave.

    `types`, `attributes`, `words`, `texts` and `units` are allow-lists; the last three add to the
    shipped ones. `entity_mode`: which parts of an entity id stay, its known `words`, none
    (`pseudonym`) or all (`keep`). `text_mode`: whether states and values of attributes that are no
    numbers leave if they are `known`, or if they are `checked` and hold no identifier.
    `time_step`: one of `TIMES`. `min_homes`: an export of fewer homes than this is refused.
    `forgotten`: hashes, by `forget_key`, of homes that never leave.
    """

    key: bytes = field(repr=False)
    types: tuple[str, ...]
    attributes: tuple[str, ...]
    min_homes: int = 1
    entity_mode: str = "words"
    words: tuple[str, ...] = ()
    text_mode: str = "known"
    texts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    time_step: str = "exact"
    forget_key: bytes = field(default=b"", repr=False)
    forgotten: frozenset[str] = field(default=frozenset(), repr=False)

    def narrow(self, query: Query) -> Query:
        """The query without what never leaves. Raises EmptyDataset when nothing is left."""
        types = tuple(name for name in query.types if name in self.types)
        if query.types and not types:
            raise EmptyDataset("None of the producer types asked for is published here.")
        units = tuple(unit for unit in query.units if self.knows_unit(unit))
        if query.units and not units:
            raise EmptyDataset("None of the units asked for is published here.")
        return replace(query, types=types or self.types, units=units)

    def pseudonym(self, home: str) -> str:
        """A home's name outside the lake: 96 bits of a keyed hash, the same in every export."""
        return "home-" + self._digest(b"home", home, 12)

    def token(self, word: str) -> str:
        """Stands for a word that is not known to be harmless, the same for the same word."""
        return "x" + self._digest(b"word", word, 4)

    @property
    def key_id(self) -> str:
        """Says whether two exports used the same key, and nothing about the key."""
        return self._digest(b"id", "", 4)

    def forgets(self, home: str) -> bool:
        return bool(self.forgotten) and forgotten_hash(self.forget_key, home) in self.forgotten

    def knows_word(self, word: str) -> bool:
        """Whether a word of an entity id is known to be harmless."""
        return word in self.words or word in listed("words")

    def knows_numbered(self, word: str) -> bool:
        """Whether a word is a number of up to two digits, or a known word with one behind it."""
        numbered = _NUMBERED.fullmatch(word)
        return bool(numbered) and (not numbered[1] or self.knows_word(numbered[1]))

    def knows_unit(self, unit: str) -> bool:
        return compatible(unit) in self._units

    def knows_state(self, text: str) -> bool:
        """Whether a text may be a state."""
        return text in self._states or self._checks(text)

    def knows_value(self, text: str) -> bool:
        """Whether a text may be the value of an attribute."""
        return text in self._values or self.knows_unit(text) or self._checks(text)

    def _checks(self, text: str) -> bool:
        return self.text_mode == "checked" and not identifies(text)

    @cached_property
    def _states(self) -> frozenset[str]:
        return listed("states").union(self.texts)

    @cached_property
    def _values(self) -> frozenset[str]:
        return self._states.union(*map(listed, ("values", "device_classes")))

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(map(compatible, listed("units") | frozenset(self.units)))

    def _digest(self, purpose: bytes, text: str, size: int) -> str:
        message = purpose + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, message, hashlib.sha256)[:size].hex()


def forgotten_hash(key: bytes, home: str) -> str:
    """What is kept of a home that must be forgotten."""
    return hmac.digest(key, home.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def words_of(text: str) -> list[str]:
    """The words of an entity id's second part."""
    return [word for word in _WORDS.split(text) if word]
