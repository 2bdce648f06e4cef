"""JSON: one array of objects, an object a line."""

from typing import ClassVar

import orjson

from ..observations import COLUMNS
from .base import RowFormat


class Json(RowFormat):
    name = "json"
    media_type = "application/json"
    extension = "json"
    title = "JSON"
    description = "An array of objects, one a line, for programs and the web."
    opening = "[\n"
    between = ",\n"
    closing = "\n]\n"
    row_end: ClassVar[str] = "}"

    def around(self, column: str) -> tuple[str, str]:
        before, after = self._key(column), self._end(column)
        # attributes are a JSON text already
        return (before, after) if column == "attributes" else (before + '"', '"' + after)

    def plain(self, column: str) -> str:
        return ".*" if column == "attributes" else r"[ !#-\[\]-~]*"

    def text(self, column: str, value: str) -> str:
        if column == "attributes":
            return value
        return orjson.dumps(value).decode()[1:-1]

    def null(self, column: str) -> str:
        return self._key(column) + "null" + self._end(column)

    @staticmethod
    def _key(column: str) -> str:
        return ("{" if column == COLUMNS[0] else "") + f'"{column}":'

    @classmethod
    def _end(cls, column: str) -> str:
        return cls.row_end if column == COLUMNS[-1] else ","
