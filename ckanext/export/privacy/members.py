"""Cuts many JSON objects into their members at once.

The attributes of an entity change with nearly every observation, but mostly in one number: the
texts are many, their members few. A rule that is asked about members has a tenth of the work.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..observations import borders

_QUOTE, _BACKSLASH, _COMMA = b'"\\,'
_OBJECT, _END, _LIST, _LIST_END = b"{}[]"


@dataclass(frozen=True)
class Cut:
    """The members of those texts that could be cut.

    `members`: all, one text after the other, each behind the brace or the comma before it;
    `borders`: where those of a text begin and, last, where the last ones end; `regular`: which of
    the texts given these are.
    """

    members: pa.StringArray
    borders: np.ndarray
    regular: np.ndarray


def cut(texts: pa.StringArray) -> Cut:
    """Cuts at the commas of the outermost braces; no text may be null.

    What is cut need not be JSON: but if each member without its first byte, put into braces, is
    an object, then the text is the object of all of them.
    """
    places = borders(texts)
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[places[0] : places[-1]]
    # Of all bytes only a fifth say where a text may be cut.
    signs = np.flatnonzero(_is_sign(data))
    if not len(signs):
        return Cut(texts[:0], np.zeros(1, np.int32), np.full(len(texts), False))
    starts = np.minimum(places[:-1] - places[0], len(data) - 1)
    lasts = np.maximum(places[1:] - places[0] - 1, 0)
    first = np.searchsorted(signs, places - places[0])
    kinds = data.take(signs)
    escapes = data == _BACKSLASH
    escaping = bool(escapes.any())
    quotes = kinds == _QUOTE
    if escaping:
        quotes &= ~escapes.take(signs - 1)
    quoted = _in_text(np.bitwise_xor.accumulate(quotes), first, np.logical_xor)
    opening = ((kinds == _OBJECT) | (kinds == _LIST)) & ~quoted
    closing = ((kinds == _END) | (kinds == _LIST_END)) & ~quoted
    steps = opening.view(np.int8) - closing.view(np.int8)
    depths = _in_text(np.cumsum(steps, dtype=np.int32), first, np.subtract)

    regular = (data[starts] == _OBJECT) & (data[lasts] == _END) & (lasts > starts)
    ends = first[1:][regular] - 1
    regular[regular] = ~quoted[ends] & (depths[ends] == 0)
    if escaping and (escapes[1:] & escapes[:-1]).any():
        regular &= ~_doubled_backslashes(texts)
    marks = (kinds == _COMMA) & ~quoted & (depths == 1)
    marks &= np.repeat(regular, np.diff(first))
    marks[first[:-1][regular]] = marks[first[1:][regular] - 1] = True
    return _between(signs.take(np.flatnonzero(marks)), data, starts[regular], regular)


def _is_sign(data: np.ndarray) -> np.ndarray:
    lower = data | 0x20  # an opening bracket is a brace then, as is a closing one
    found = data == _QUOTE
    for sign, where in ((_COMMA, data), (_OBJECT, lower), (_END, lower)):
        found |= where == sign
    return found


def _in_text(running: np.ndarray, first: np.ndarray, undo: np.ufunc) -> np.ndarray:
    """What was accumulated over all signs, as if every text began anew."""
    before = np.where(first[:-1] > 0, running.take(first[:-1] - 1), running.dtype.type(0))
    if not before.any():  # no text leaves anything open
        return running
    return undo(running, np.repeat(before, np.diff(first)))


def _doubled_backslashes(texts: pa.StringArray) -> np.ndarray:
    """Texts with an escaped backslash, which does not escape the quote behind it."""
    return pc.match_substring(texts, "\\\\").to_numpy(zero_copy_only=False)


def _between(marks: np.ndarray, data: np.ndarray, starts: np.ndarray, regular: np.ndarray) -> Cut:
    """What stands between the marks, but for what follows a closing brace."""
    begins = data[marks] != _END
    ends = np.append(marks, len(data)).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(marks), pa.py_buffer(ends), pa.py_buffer(data))
    # Before a text's first mark stand one closing brace of every text before it.
    first = np.searchsorted(marks, starts) - np.arange(len(starts))
    members = pieces.filter(pa.array(begins))
    return Cut(members, np.append(first, len(members)).astype(np.int32), regular)
