"""The one statement that reads observations from Trino: every column as text, but times, which the
cluster is slow to write and we to read, as microseconds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Select,
    String,
    cast,
    column,
    func,
    literal_column,
    quoted_name,
    select,
    text,
)

from ..observations import TEXT
from ..query import Query, compatible
from .canonical import Canonical

_TIMESTAMP = re.compile(r"date|timestamp\((\d+)\)( with time zone)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 6  # digits of a second
_TO_MICROSECONDS = 26  # characters of yyyy-mm-dd hh:mm:ss.ffffff
# Types whose JSON is what people expect; as text 21.5 would be 2.15E1.
_THROUGH_JSON = ("real", "double", "map(", "array(", "row(")


@dataclass(frozen=True)
class Statement:
    """A table in one state: `snapshot` where it has such, and its columns with Trino's types."""

    schema: str
    table: str
    types: Mapping[str, str]
    snapshot: str | None

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    def count(self) -> Select[Any]:
        return select(cast(func.count(), String)).select_from(self._source())

    def select(self, read: Sequence[str], canonical: Canonical, query: Query) -> Select[Any]:
        conditions = self._conditions(canonical, query)
        columns = [
            self._as_microseconds(name) if self._counts(name) else self._as_text(name)
            for name in read
        ]
        return select(*columns).select_from(self._source()).where(*conditions)

    def schema_of(self, read: Sequence[str]) -> pa.Schema:
        """What these columns come as."""
        return pa.schema([(name, self._kind_of(name)) for name in read])

    def _source(self) -> Any:
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (self.schema, self.table))
        # The number is Trino's own answer, and is made a number again before it is a statement.
        pinned = f" FOR VERSION AS OF {int(self.snapshot)}" if self.snapshot else ""
        return text(quoted.replace(":", r"\:") + pinned)

    def _conditions(self, canonical: Canonical, query: Query) -> Iterator[ColumnElement[bool]]:
        """What the cluster can leave out; the rows that come are filtered again."""
        time = canonical.own_name("last_updated")
        if known := _TIMESTAMP.fullmatch(self.types[time]):
            if query.begin:
                yield _column(time) >= _literal(query.begin, bool(known[2]))
            if query.end:
                yield _column(time) < _literal(query.end, bool(known[2]))
        if query.types:
            yield self._kind(canonical).in_(query.types)
        if query.units and (unit := canonical.own_name("unit")) in self.types:
            normal = func.normalize(self._as_text(unit), text("NFKC"))
            yield normal.in_([compatible(name) for name in query.units])

    def _kind(self, canonical: Canonical) -> ColumnElement[Any]:
        if (kind := canonical.own_name("type")) in self.types:
            return self._as_text(kind)
        return func.split_part(self._as_text(canonical.own_name("entity_id")), ".", 1)

    def _kind_of(self, name: str) -> pa.DataType:
        if self._counts(name):
            return pa.int64()
        return pa.string() if _TIMESTAMP.fullmatch(self.types[name]) else TEXT

    def _counts(self, name: str) -> bool:
        """Whether a column is a time that is a whole number of microseconds."""
        time = _TIMESTAMP.fullmatch(self.types[name])
        return bool(time and time[1] and int(time[1]) <= _MICROSECONDS)

    def _as_microseconds(self, name: str) -> ColumnElement[Any]:
        """Since 1970. Trino has them as a floating number only, which is exact within hours."""
        own = _column(name)
        hours = func.date_diff("hour", _literal(_EPOCH, "zone" in self.types[name]), own)
        rest = func.to_unixtime(func.date_add("hour", -hours, own))
        return hours * 3_600_000_000 + cast(func.round(rest * 1_000_000), BigInteger)

    def _as_text(self, name: str) -> ColumnElement[Any]:
        own, kind = _column(name), self.types[name]
        if time := _TIMESTAMP.fullmatch(kind):
            return _time_as_text(own, bool(time[2]))
        if kind == "json":
            return func.json_format(own)
        if kind == "varbinary":
            return func.from_utf8(own)
        if kind.startswith(_THROUGH_JSON):
            return func.json_format(cast(own, JSON))
        return own if kind.startswith("varchar") else cast(own, String)


def _column(name: str) -> ColumnElement[Any]:
    return column(quoted_name(name, True))


def _time_as_text(own: ColumnElement[Any], zone: bool) -> ColumnElement[Any]:
    """In UTC; finer than a microsecond is cut off, which a cast would round."""
    local = func.at_timezone(own, "UTC") if zone else own
    return func.substr(cast(local, String), 1, _TO_MICROSECONDS)


def _literal(instant: datetime, zone: bool) -> ColumnElement[Any]:
    """Written out: the dialect's own way would lose the zeros of early years."""
    words = instant.replace(tzinfo=None).isoformat(" ", "microseconds")
    return literal_column(f"TIMESTAMP '{words}{' UTC' if zone else ''}'")
