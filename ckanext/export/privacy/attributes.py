"""Attributes: an allow-list of names, at every depth; values are short numbers or known words."""

import re
from functools import lru_cache
from typing import Any

import orjson

from .policy import Policy
from .states import SHORT_NUMBER

_DEEPEST = 4  # lists and objects in each other: nothing that Home Assistant records has more
_PLAIN = frozenset((int, float, bool, type(None)))  # of JSON's values, those without text
_SHORT = re.compile(SHORT_NUMBER)
# What a JSON text has, with noughts for all its digits, if one of its numbers is not short.
_LONG = (b"0000000", b".0000", b"0000.000", b"00000.00", b"000000.")
_IN_ALL = b"0000"
_NOUGHTS = bytes.maketrans(b"123456789E", b"000000000e")
_REMEMBERED = 4096  # values, of which the same few come again and again
_WITHHELD: Any = object()


class Attributes:
    """The rule about an attributes text."""

    def __init__(self, policy: Policy) -> None:
        self._names = frozenset(policy.attributes)
        self._knows = lru_cache(_REMEMBERED)(policy.knows_value)

    def publishable(self, attributes: str | None) -> str:
        """The JSON object of what may leave; `{}` where the text is no JSON object."""
        try:
            known = orjson.loads(attributes or "{}")
        except ValueError:
            return "{}"
        if not isinstance(known, dict):
            return "{}"
        # Most texts are numbers and words; `_kept` alone would do, and take three times as long.
        names, knows = self._names, self._knows
        kept = {}
        for name, value in known.items():
            if name in names:
                kind = type(value)
                if not (kind in _PLAIN or (kind is str and knows(value))):
                    value = self._kept(value, 1)
                if value is not _WITHHELD:
                    kept[name] = value
        written = orjson.dumps(kept)
        if _perhaps_long(written):
            written = orjson.dumps(self._kept(known, 0))
        return written.decode()

    def _kept(self, value: Any, depth: int) -> Any:
        """A list leaves whole or not at all, because places in it have a meaning."""
        if isinstance(value, str):
            return value if self._knows(value) else _WITHHELD
        if depth >= _DEEPEST:
            return _WITHHELD
        if isinstance(value, list):
            items = [self._kept(item, depth + 1) for item in value]
            return _WITHHELD if any(item is _WITHHELD for item in items) else items
        if isinstance(value, dict):
            kept = {n: self._kept(item, depth + 1) for n, item in value.items() if n in self._names}
            kept = {name: item for name, item in kept.items() if item is not _WITHHELD}
            return kept if kept or not depth else _WITHHELD
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if _SHORT.fullmatch(repr(value)) else _WITHHELD
        return value


def _perhaps_long(written: bytes) -> bool:
    """A first look at all numbers at once, ten times as fast as a pattern."""
    digits = written.translate(_NOUGHTS)
    return (_IN_ALL in digits and any(map(digits.__contains__, _LONG))) or b"0e" in digits
