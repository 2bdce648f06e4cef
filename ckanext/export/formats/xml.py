"""XML 1.0: a `row` element an observation, an element a column."""

import re
from xml.sax.saxutils import escape

from ..observations import COLUMNS
from .base import RowFormat

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def content(value: str) -> str:
    """A text as the content of an element."""
    # A parser reads a plain CR as a line feed.
    return escape(allowed(value), {"\r": "&#13;"})


def allowed(value: str) -> str:
    """A text in which U+FFFD stands for what no XML can hold."""
    return _FORBIDDEN.sub("\ufffd", value)


class Xml(RowFormat):
    name = "xml"
    media_type = "application/xml"
    extension = "xml"
    title = "XML"
    description = "XML 1.0 for systems that exchange documents."
    tabular = False
    opening = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    )
    closing = "</data>\n"

    def around(self, column: str) -> tuple[str, str]:
        return f"{self._start(column)}<{column}>", f"</{column}>{self._end(column)}"

    def plain(self, column: str) -> str:
        return r"[\t\n -%'-;=?-\x{d7ff}\x{e000}-\x{fffd}\x{10000}-\x{10ffff}]*"

    def text(self, column: str, value: str) -> str:
        return content(value)

    def null(self, column: str) -> str:
        return f'{self._start(column)}<{column} xsi:nil="true"/>{self._end(column)}'

    @staticmethod
    def _start(column: str) -> str:
        return "<row>" if column == COLUMNS[0] else ""

    @staticmethod
    def _end(column: str) -> str:
        return "</row>\n" if column == COLUMNS[-1] else ""
