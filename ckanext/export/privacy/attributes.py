"""Attributes: an allow-list of names, at every depth; values are short numbers or known words."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from ..compute import pc
from ..observations import Rewritten, codes, each, matching
from .members import Cut, cut
from .policy import Policy
from .states import SHORT_NUMBER, is_number

_DEEPEST = 4  # lists and objects in each other: nothing that Home Assistant records has more
_NUMBERS = 5  # of a list: a colour has no more, and more may spell anything
_SHORT = re.compile(SHORT_NUMBER)
_REMEMBERED = 4096  # values, of which the same few come again and again
_MEMBERS = 1 << 15  # among which those of a batch are looked up
_AT_ONCE = 1 << 20  # bytes of texts; cutting takes several times as many
# What most members are, as patterns: a name, and a number or a text without any escape.
_BEGIN, _BETWEEN, _END = r"\A[{,] ?", ": ?", r"\z"
_NAME = re.compile("[a-z0-9_]+")
_ANY_NAME, _ANY_TEXT = f'"{_NAME.pattern}"', r'"[^"\\\x00-\x1f]*"'
_NO_NAME = r"[^\s\S]"
_ANY_NUMBER = r"-?(?:0|[1-9][0-9]{0,17})(?:[.][0-9]+)?"
_AS_WRITTEN = r"-?[1-9][0-9]*|0|-?(?:0|[1-9][0-9]*)[.](?:0|[0-9]*[1-9])"  # if it is short
# So far from any number with three decimals that no rounding makes it one.
_NEVER_SHORT = r"-?(?:0|[1-9][0-9]{0,4})[.][0-9]{3}[0-9]{0,4}[1-8][0-9]*"
_LONG_MEMBER = f"{_BEGIN}{_ANY_NAME}{_BETWEEN}{_NEVER_SHORT}{_END}"
_PLAIN_MEMBER = f"{_BEGIN}{_ANY_NAME}{_BETWEEN}(?:{_ANY_NUMBER}|{_ANY_TEXT}){_END}"
_WITHHELD: Any = object()
_NOTHING = ""  # is left of a member that is withheld


class Attributes:
    """The rule about attributes texts. Remembers members, so keep one for a whole pass."""

    def __init__(self, policy: Policy) -> None:
        judge = Judge(policy)
        self._members = Rewritten(Members(judge, policy.attributes).said, most=_MEMBERS)
        self._objects = each(judge.object)

    def publishable(self, texts: pa.StringArray) -> pa.StringArray:
        """The JSON objects of what may leave; `{}` where a text is no JSON object."""
        half = len(texts) // 2
        if half and texts.nbytes > _AT_ONCE:
            return pa.concat_arrays(
                [self.publishable(texts[:half]), self.publishable(texts[half:])]
            )
        texts = texts.fill_null("{}")
        parts = cut(texts)
        answers = self._joined(parts)
        if not parts.regular.all():
            unknown = pa.nulls(len(texts), pa.string())
            answers = pc.replace_with_mask(unknown, pa.array(parts.regular), answers)
        if not answers.null_count:
            return answers
        whole = answers.is_null()
        return pc.replace_with_mask(answers, whole, self._objects(texts.filter(whole)))

    def _joined(self, parts: Cut) -> pa.StringArray:
        """What may leave of the texts that could be cut; null where a part is no member."""
        members = parts.members.dictionary_encode()
        said = self._members.answers(members.dictionary)
        withheld = pc.equal(said, _NOTHING).fill_null(False).to_numpy(zero_copy_only=False)
        places = codes(members)
        leaves = ~withheld[places]
        borders = np.append(0, np.cumsum(leaves, dtype=np.int32))[parts.borders]
        left = pa.ListArray.from_arrays(
            pa.array(borders, pa.int32()), said.take(pa.array(places[leaves]))
        )
        return pc.binary_join_element_wise("{", pc.binary_join(left, ","), "}", "")


class Members:
    """The rule about many members: patterns tell what it says about most that hold a number, and
    the judge is asked about the others: half the time of an export in which every text is new."""

    def __init__(self, judge: "Judge", names: Iterable[str]) -> None:
        self._judge = each(judge.member)
        quoted = [f'"{name}"' for name in names if _NAME.fullmatch(name)] or [_NO_NAME]
        name = f"(?:{'|'.join(quoted)}){_BETWEEN}"
        self._named = _BEGIN + name
        self._short = f"{_BEGIN}{name}(?:{SHORT_NUMBER}){_END}"
        self._written = f"{_BEGIN}{name}(?:{_AS_WRITTEN}){_END}"

    def said(self, members: pa.StringArray) -> pa.StringArray:
        """What `Judge.member` says."""
        named = matching(members, self._named)
        short = _also(_also(named, members, self._short), members, self._written)
        never = _also(named & ~short, members, _LONG_MEMBER)
        never |= _also(~named, members, _PLAIN_MEMBER)
        said = pc.if_else(pa.array(never), _NOTHING, pa.nulls(len(members), pa.string()))
        leaves = pc.ascii_ltrim(members.filter(pa.array(short)), characters="{, ")
        said = pc.replace_with_mask(said, pa.array(short), pc.replace_substring(leaves, ": ", ":"))
        asked = pa.array(~(short | never))
        return pc.replace_with_mask(said, asked, self._judge(members.filter(asked)))


def _also(asked: np.ndarray, members: pa.StringArray, pattern: str) -> np.ndarray:
    """Which of the members asked about match a pattern too: each of them takes its time."""
    found = np.full(len(members), False)
    found[asked] = matching(members.filter(pa.array(asked)), pattern)
    return found


class Judge:
    """The rule about one text."""

    def __init__(self, policy: Policy) -> None:
        self._names = frozenset(policy.attributes)
        self._knows = lru_cache(_REMEMBERED)(policy.knows_value)

    def member(self, member: str | None) -> str | None:
        """What may leave of a member behind its first byte; None where it is none."""
        inside = (member or "")[1:]
        known = _json_object(f"{{{inside}}}") if inside.strip() else None
        return None if known is None else self._written(known)[1:-1]

    def object(self, text: str | None) -> str:
        """What may leave of a whole text."""
        known = _json_object(text or "")
        return "{}" if known is None else self._written(known)

    def _written(self, known: dict[str, Any]) -> str:
        return orjson.dumps(self._kept(known, 0)).decode()

    def _kept(self, value: Any, depth: int) -> Any:
        """A list leaves whole or not at all, because places in it have a meaning."""
        if isinstance(value, str):
            short = not is_number(value) or _SHORT.fullmatch(value)
            return value if short and self._knows(value) else _WITHHELD
        if depth >= _DEEPEST:
            return _WITHHELD
        if isinstance(value, list):
            items = [self._kept(item, depth + 1) for item in value]
            if any(item is _WITHHELD for item in items) or _numbers(value) > _NUMBERS:
                return _WITHHELD
            return items
        if isinstance(value, dict):
            kept = {n: self._kept(item, depth + 1) for n, item in value.items() if n in self._names}
            kept = {name: item for name, item in kept.items() if item is not _WITHHELD}
            return kept if kept or not depth else _WITHHELD
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if _SHORT.fullmatch(repr(value)) else _WITHHELD
        return value


def _numbers(items: list[Any]) -> int:
    return sum(_numbers(i) if isinstance(i, list) else not isinstance(i, str) for i in items)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        known = orjson.loads(text)
    except ValueError:
        return None
    return known if isinstance(known, dict) else None
