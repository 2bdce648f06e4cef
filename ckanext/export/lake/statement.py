"""The statements that ask a database for observations, in no dialect in particular."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Enum, FromClause, Select, String, Text, cast, select

from ..observations import COLUMNS, TIMES
from ..query import Query
from .canonical import Columns

# Ties of one column are broken by the next, so that only rows that are all the same are left.
_ORDER = ("last_updated", "home", "entity_id", "state", "last_changed", "attributes")
_NAME = re.compile(r'(?:("(?:[^"]|"")+"|[^"]+)\.)?("(?:[^"]|"")+"|[^".]+)')


def split_name(table: str) -> tuple[str | None, str]:
    """Schema and name of `schema.name`. Names that hold dots are quoted as in SQL."""
    if found := _NAME.fullmatch(table):
        schema, name = (_unquoted(part) for part in found.groups(default=""))
        return schema or None, name
    return None, table


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


class Statements:
    """Selects from one table of the rows that a query asks for, or a few more."""

    def __init__(self, table: FromClause, columns: Columns, query: Query) -> None:
        """Raises LakeUnavailable when the table lacks a column that every export needs."""
        self.present = list(table.c.keys())
        self._table = table
        self._columns = columns
        columns.expect(self.present, str(table))
        self._conditions = [*self._during(query), *self._of_types(query.types)]

    def where(self, condition: ColumnElement[bool]) -> None:
        self._conditions.append(condition)

    def select(self, own_names: Sequence[str], ordered: bool = True) -> Select[Any]:
        """The columns as times and texts, in the order of their names."""
        times = {self._columns.own_name(name): name for name in TIMES}
        columns = [
            self.time(times[own]).label(own) if own in times else self._cast(own)
            for own in own_names
        ]
        selected = select(*columns).where(*self._conditions)
        return selected.order_by(*self._order()) if ordered else selected

    def text(self, name: str) -> ColumnElement[str] | None:
        """A canonical column to compare with texts; None where the table lacks it."""
        column = self._table.c.get(self._columns.own_name(name))
        if column is None or _is_text(column):
            return column
        return cast(column, Text)

    def time(self, name: str) -> ColumnElement[Any]:
        return self._table.c[self._columns.own_name(name)]

    def _cast(self, own_name: str) -> ColumnElement[str]:
        return cast(self._table.c[own_name], Text).label(own_name)

    def _order(self) -> Iterator[ColumnElement[Any]]:
        for name in (*_ORDER, *(name for name in COLUMNS if name not in _ORDER)):
            column = self.time(name) if name in TIMES else self.text(name)
            if column is not None:
                yield column

    def _during(self, query: Query) -> Iterator[ColumnElement[bool]]:
        time = self.time("last_updated")
        if isinstance(time.type, DateTime):
            # A column without a zone holds UTC, and is compared with times without one.
            zone = UTC if time.type.timezone else None
            if query.begin:
                yield time >= query.begin.replace(tzinfo=zone)
            if query.end:
                yield time < query.end.replace(tzinfo=zone)

    def _of_types(self, types: Sequence[str]) -> Iterator[ColumnElement[bool]]:
        kind = self.text("type")
        if types and kind is not None:
            yield kind.in_(types)


def _is_text(column: ColumnElement[Any]) -> bool:
    """An enumeration is none: it refuses to be compared with other texts than its own."""
    return isinstance(column.type, String) and not isinstance(column.type, Enum)
