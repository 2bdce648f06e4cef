"""Cuts many JSON objects into their members at once.

The attributes of an entity change with nearly every observation, but mostly in one number: the
texts are many, their members few. A rule that is asked about members has a tenth of the work.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..observations import borders

_COMMA, _BLANK, _QUOTE, _OBJECT, _END = b', "{}'
_BRACE = 0x20  # the bit that makes a bracket a brace


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
    """Cuts at commas of the outermost braces behind which a name begins; no text may be null.

    What is cut need not be JSON: but if each member without its first byte, put into braces, is
    an object, then the text is the object of all of them. That is true wherever commas are cut,
    so nobody asks here what stands inside a quoted text: a bracket or a comma in one makes, at
    worst, a member that is none.
    """
    places = borders(texts)
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[places[0] : places[-1]]
    # Of all bytes only one in seventeen says where a text may be cut.
    signs = np.flatnonzero(_is_sign(data))
    if not len(signs):
        return Cut(texts[:0], np.zeros(1, np.int32), np.full(len(texts), False))
    starts = np.minimum(places[:-1] - places[0], len(data) - 1)
    lasts = np.maximum(places[1:] - places[0] - 1, 0)
    first = np.searchsorted(signs, places - places[0])
    kinds = data.take(signs)
    depths = _depths(kinds | _BRACE, first)

    regular = (data[starts] == _OBJECT) & (data[lasts] == _END) & (lasts > starts)
    regular[regular] = depths[first[1:][regular] - 1] == 0
    marks = (kinds == _COMMA) & (depths == 1)
    marks[marks] = _before_names(signs.take(np.flatnonzero(marks)), data)
    marks &= np.repeat(regular, np.diff(first))
    marks[first[:-1][regular]] = marks[first[1:][regular] - 1] = True
    return _between(signs.take(np.flatnonzero(marks)), data, starts[regular], regular)


def _is_sign(data: np.ndarray) -> np.ndarray:
    braces = data | _BRACE
    found = data == _COMMA
    found |= braces == _OBJECT
    found |= braces == _END
    return found


def _depths(braces: np.ndarray, first: np.ndarray) -> np.ndarray:
    """How many are open behind each sign, as if every text began anew."""
    steps = (braces == _OBJECT).view(np.int8) - (braces == _END).view(np.int8)
    depths = np.cumsum(steps, dtype=np.int32)
    before = np.where(first[:-1] > 0, depths.take(first[:-1] - 1), 0)
    if before.any():  # a text leaves something open
        depths -= np.repeat(before, np.diff(first))
    return depths


def _before_names(commas: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Which commas stand, with a blank at most, before a quote."""
    behind = data.take(commas + 1, mode="clip")
    blank = behind == _BLANK
    behind[blank] = data.take(commas[blank] + 2, mode="clip")
    return behind == _QUOTE


def _between(marks: np.ndarray, data: np.ndarray, starts: np.ndarray, regular: np.ndarray) -> Cut:
    """What stands between the marks, but for what follows a closing brace."""
    begins = data[marks] != _END
    ends = np.append(marks, len(data)).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(marks), pa.py_buffer(ends), pa.py_buffer(data))
    # Before a text's first mark stand one closing brace of every text before it.
    first = np.searchsorted(marks, starts) - np.arange(len(starts))
    members = pieces.filter(pa.array(begins))
    return Cut(members, np.append(first, len(members)).astype(np.int32), regular)
