"""Attributes that were written by Java's `toString`: `{unit_of_measurement=°C, name=Kitchen}`.

The notation has no quotes, so it is ambiguous. These rules decide, and in doubt they find one
attribute more, not less: no text may hide in the value of an attribute that privacy lets through.

- An attribute begins at the start, or after `, `, with its name and `=`. A name is what has no
  `,` and no `=`: `{a=x, y}` and `{a=x = y}` are one attribute, `{a=x, y = z}` two.
- A value that begins with a bracket is a map or a list if the bracket that closes it ends the
  value. A list is split at `, `.
- `null`, `true`, `false` and what is a number in JSON are that, but that a few attributes are text
  by their meaning. Everything else is text.
"""

import re
from typing import Any

import orjson

_FIRST = re.compile(r"([^,=]*)=")
_NEXT = re.compile(r", ([^,=]*)=")
_JSON = re.compile(
    r"null|true|false|-?(?:0|[1-9]\d{0,17})(?:\.\d+)?(?:[eE][+-]?\d{1,2})?", re.ASCII
)
_TEXTS = {"unit_of_measurement", "friendly_name", "device_class", "icon"}
_CLOSED_BY = {"{": "}", "[": "]"}
_DEEPEST = 20  # maps and lists in each other; what is deeper stays text


def attributes_as_json(text: str | None) -> str | None:
    """JSON text of attributes in either notation. What is neither stays as it is."""
    if not text or text[0] != "{" or text[1:2] in ('"', "}") or text[1:].lstrip()[:1] == '"':
        return text
    text = text.strip()
    found = _Reader(text).whole() if text[-1] == "}" else None
    return text if found is None else orjson.dumps(found).decode()


class _Reader:
    """Works with places in one text, so that long texts take no longer than they have to."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._closing = _closing_brackets(text)

    def whole(self) -> dict[str, Any] | None:
        """The map that the text is, or None."""
        return self._map(1, len(self._text) - 1, 0)

    def _map(self, begin: int, end: int, depth: int) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        name = _FIRST.match(self._text, begin, end)
        if name is None:
            return None if begin < end else found
        while name:
            stop, following = self._end_of_value(name.end(), end)
            value = self._text[name.end() : stop]
            if name[1] not in _TEXTS or value == "null":
                value = self._value(name.end(), stop, depth)
            found[name[1]] = value
            name = following
        return found

    def _end_of_value(self, begin: int, end: int) -> tuple[int, re.Match[str] | None]:
        """Where a map's value ends, and the name that follows it."""
        closing = self._closing.get(begin, end)
        if closing < end:
            following = _NEXT.match(self._text, closing + 1, end)
            if following or closing + 1 == end:
                return closing + 1, following
        following = _NEXT.search(self._text, begin, end)
        return (following.start() if following else end), following

    def _value(self, begin: int, end: int, depth: int) -> Any:
        found: Any = None
        if depth < _DEEPEST and self._closing.get(begin) == end - 1:
            read = self._map if self._text[begin] == "{" else self._list
            found = read(begin + 1, end - 1, depth + 1)
        return _scalar(self._text[begin:end]) if found is None else found

    def _list(self, begin: int, end: int, depth: int) -> list[Any]:
        found: list[Any] = []
        while begin < end:
            stop = self._closing.get(begin, end) + 1
            if stop > end or (stop < end and not self._text.startswith(", ", stop)):
                comma = self._text.find(", ", begin, end)
                stop = end if comma < 0 else comma
            found.append(self._value(begin, stop, depth))
            begin = stop + len(", ")
        return found


def _closing_brackets(text: str) -> dict[int, int]:
    """Place of an opening bracket → place of the one that closes it. Stray ones are left out."""
    closing: dict[int, int] = {}
    waiting: list[int] = []
    for match in re.finditer(r"[\[\]{}]", text):
        sign, place = match[0], match.start()
        if sign in _CLOSED_BY:
            waiting.append(place)
        elif waiting and _CLOSED_BY[text[waiting[-1]]] == sign:
            closing[waiting.pop()] = place
    return closing


def _scalar(text: str) -> Any:
    return orjson.loads(text) if _JSON.fullmatch(text) else text
