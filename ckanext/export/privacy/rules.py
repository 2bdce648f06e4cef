"""The privacy step between the lake and the formats."""

import hashlib
import hmac
import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from ..errors import EmptyDataset
from ..observations import Distinct, Rewritten, codes, compact, mapped, producer_type
from ..query import Query

# States that are identifiers of people or machines rather than observations: e-mail and network
# addresses, links, and pairs of coordinates.
_IDENTIFIER = re.compile(
    r"""\S@[^\s@]{1,255}\.\w | \b\w+://\S
    | \b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b
    | \b\d{1,3}(?:\.\d{1,3}){3}\b
    | \b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:] | \b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}
    | \d\.\d{3,}(?:\s*[,;]\s*|\s+)-?\d{1,3}\.\d{3,}""",
    re.VERBOSE | re.IGNORECASE,
)


_NUMBER = r"-?\d{1,6}(\.\d{1,4})?"  # identifies nobody
_PLAIN = frozenset((int, float, bool, type(None)))  # of JSON's values, those without text
_DEEPEST = 3  # lists in lists: nothing that Home Assistant records has more


@dataclass(frozen=True)
class Policy:
    """The portal's privacy rules.

    `types` and `attributes` are allow-lists: other producer types never leave, other attributes
    are dropped. `min_homes`: an export of fewer homes than this is refused.
    """

    key: bytes
    types: tuple[str, ...]
    attributes: tuple[str, ...]
    min_homes: int

    def narrow(self, query: Query) -> Query:
        """The query without what never leaves. Raises EmptyDataset when nothing is left."""
        if not query.types:
            return replace(query, types=self.types)
        types = tuple(name for name in query.types if name in self.types)
        if not types:
            raise EmptyDataset("None of the producer types asked for is published here.")
        return replace(query, types=types)

    def pseudonym(self, home: str) -> str:
        """A home's name outside the lake: 80 bits of a keyed hash, the same in every export."""
        return "home-" + self._digest(b"home", home.encode(), 10)

    @property
    def key_id(self) -> str:
        """Says whether two exports used the same key, and nothing about the key."""
        return self._digest(b"id", b"", 4)

    def _digest(self, purpose: bytes, text: bytes, size: int) -> str:
        digest = hmac.new(self.key, purpose + b"\0" + text, hashlib.sha256)
        return digest.digest()[:size].hex()


class Protection:
    """A policy at work on the batches of one export."""

    def __init__(self, policy: Policy) -> None:
        allowed = frozenset(policy.types)
        self._keep: dict[str, Distinct[bool]] = {
            "home": Distinct(lambda home: home is not None),
            "entity_id": Distinct(lambda entity: producer_type(entity) in allowed),
            "type": Distinct(lambda kind: kind in allowed),
        }
        self._change = {
            "home": Rewritten(lambda home: None if home is None else policy.pseudonym(home)),
            "state": Rewritten(_state, plain=_NUMBER),
            "attributes": Rewritten(_attributes(policy.attributes)),
        }

    def protect(self, batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
        """The batches as they may leave; columns that are not there are not needed."""
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
        arrays = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in self._change:
                column = mapped(compact(column), self._change[name])
            arrays.append(column)
        return pa.record_batch(arrays, schema=batch.schema)


def _state(state: str | None) -> str | None:
    return None if state is None or _identifies(state) else state


@lru_cache(4096)  # the same few words come again and again
def _identifies(text: str) -> bool:
    # Nearly all texts are short words and numbers; only longer ones can hold an identifier.
    return len(text) > 5 and _IDENTIFIER.search(text) is not None


def _attributes(allowed: Iterable[str]) -> Callable[[str | None], str]:
    names = frozenset(allowed)

    def filtered(attributes: str | None) -> str:
        try:
            known = orjson.loads(attributes or "{}")
        except ValueError:
            return "{}"
        if not isinstance(known, dict):
            return "{}"
        kept = {
            name: value
            for name, value in known.items()
            if name in names and (type(value) in _PLAIN or _publishable(value))
        }
        return orjson.dumps(kept).decode()

    return filtered


def _publishable(value: Any, depth: int = 0) -> bool:
    """Allowed names vouch for plain values and lists of such, not for objects in them."""
    if isinstance(value, list):
        return depth < _DEEPEST and all(_publishable(item, depth + 1) for item in value)
    if isinstance(value, str):
        return not _identifies(value)
    return type(value) in _PLAIN
