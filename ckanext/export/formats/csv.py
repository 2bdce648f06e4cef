"""CSV after RFC 4180."""

import re
from typing import ClassVar

import pyarrow as pa

from ..compute import pc
from ..observations import COLUMNS, as_utf8
from .base import RowFormat

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Csv(RowFormat):
    name = "csv"
    media_type = "text/csv"
    extension = "csv"
    title = "CSV"
    description = "Comma-separated values for spreadsheets, statistics programs and databases."
    opening = ",".join(COLUMNS) + "\r\n"
    separator: ClassVar[str] = ","
    line_end: ClassVar[str] = "\r\n"
    quoted: ClassVar[re.Pattern[str]] = re.compile(r'[",\r\n]')

    def around(self, column: str) -> tuple[str, str]:
        return "", self._end(column)

    def plain(self, column: str) -> str:
        return r"\w[\w .:+-]*"

    def text(self, column: str, value: str) -> str:
        # Spreadsheets run such cells as formulas, a numeric one they only show.
        if self.options.escape_formulas and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
            value = "'" + value
        if self.quoted.search(value):
            return '"' + value.replace('"', '""') + '"'
        return value

    def texts(self, column: str, values: pa.StringArray) -> pa.StringArray:
        values = as_utf8(values)
        # What begins like this, as most attributes do, is no formula and has a quote: `text` would
        # double its quotes too.
        objects = pc.starts_with(values, '{"').fill_null(False)
        doubled = pc.replace_substring(values.filter(objects), '"', '""')
        quoted = pc.binary_join_element_wise('"', doubled, '"', "")
        others = pc.invert(objects)
        said = pc.replace_with_mask(values, objects, quoted)
        return pc.replace_with_mask(said, others, super().texts(column, values.filter(others)))

    def null(self, column: str) -> str:
        return self._end(column)

    def _end(self, column: str) -> str:
        return self.line_end if column == COLUMNS[-1] else self.separator
