"""A table or view of a database that SQLAlchemy reaches."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    DateTime,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    create_engine,
    select,
)
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..errors import TELL, LakeUnavailable, Misconfigured
from ..observations import COLUMNS, TIMES
from ..query import Query, compatible
from .base import Inspection, Lake, Scan
from .canonical import DERIVED_FROM, Canonical

_ROWS = 32_768  # of a batch
# What makes a connection read one state of the database, by dialect.
_SNAPSHOT: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
}


class SqlLake(Lake):
    """Observations as rows of a table."""

    def scan(self, query: Query) -> "SqlScan":
        engine = self._engine()
        try:
            connection = engine.connect().execution_options(
                **_SNAPSHOT.get(engine.dialect.name, {})
            )
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        try:
            return SqlScan(connection, self._table(connection), self.columns, query)
        except BaseException as error:
            connection.close()
            if isinstance(error, SQLAlchemyError):
                raise _unavailable(error) from error
            raise

    def inspect(self) -> Inspection:
        engine = self._engine()
        try:
            with engine.connect() as connection:
                table = self._table(connection)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        present = [column.name for column in table.columns]
        missing = Canonical(self.columns, Query(), COLUMNS).missing(present)
        derived = [name for name in DERIVED_FROM if self.columns.get(name, name) not in present]
        facts = {
            "kind": f"SQL ({engine.dialect.name})",
            "place": engine.url.render_as_string(hide_password=True),
            "table": self.table,
            "columns": ", ".join(present),
            "derived columns": ", ".join(derived) or "none",
        }
        return Inspection(facts, [f"{self.table} has no column {name!r}" for name in missing])

    def _engine(self) -> Engine:
        try:
            return create_engine(make_url(self.url), poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise Misconfigured(
                "This portal's data lake is of a kind that the export cannot read.",
                inside=f"ckanext.export.lake.url: {error}",
            ) from error

    def _table(self, connection: Connection) -> Table:
        schema, _, name = self.table.rpartition(".")
        try:
            return Table(name, MetaData(), schema=schema or None, autoload_with=connection)
        except NoSuchTableError as error:
            raise LakeUnavailable(
                f"The data lake lacks its table; {TELL}",
                inside=f"no table or view {self.table}",
            ) from error


class SqlScan(Scan):
    """One transaction in which every pass sees the same rows, where the database has that."""

    def __init__(
        self, connection: Connection, table: Table, names: Mapping[str, str], query: Query
    ) -> None:
        self._connection = connection
        self._table = table
        self._present = [column.name for column in table.columns]
        self._names = names
        canonical = Canonical(names, query, COLUMNS)
        canonical.expect(self._present, table.fullname)
        self._conditions = list(self._filters(canonical, query))
        self._order = [self._column(canonical, n) for n in ("last_updated", "home", "entity_id")]
        self._query = query

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        read = canonical.needed(self._present)
        times = {canonical.own_name(name) for name in TIMES}
        statement = self._statement(read, times)
        streaming = {"stream_results": True, "yield_per": _ROWS}
        try:
            with self._connection.execute(statement, execution_options=streaming) as result:
                for rows in result.partitions():
                    batch = canonical.select(_record_batch(read, rows))
                    if batch.num_rows:
                        yield batch
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def cancel(self) -> None:
        if self._connection.closed:
            return
        driver = self._connection.connection.dbapi_connection
        for name in ("cancel", "interrupt"):  # psycopg2's and sqlite3's word for it
            if hasattr(driver, name):
                getattr(driver, name)()

    def close(self) -> None:
        self._connection.close()

    def _statement(self, read: Sequence[str], times: set[str]) -> Select[Any]:
        columns = [
            column if name in times else cast(column, Text)
            for name, column in ((name, self._table.c[name]) for name in read)
        ]
        return select(*columns).where(*self._conditions).order_by(*self._order)

    def _filters(self, canonical: Canonical, query: Query) -> Iterator[ColumnElement[bool]]:
        """What the database can leave out; the rows that come are filtered again."""
        time = self._column(canonical, "last_updated")
        if isinstance(time.type, DateTime):
            # A column without a zone holds UTC, and is compared with times without one.
            zone = UTC if time.type.timezone else None
            if query.begin:
                yield time >= query.begin.replace(tzinfo=zone)
            if query.end:
                yield time < query.end.replace(tzinfo=zone)
        if query.types and canonical.own_name("type") in self._present:
            yield self._column(canonical, "type").in_(query.types)
        if query.units and canonical.own_name("unit") in self._present:
            unit = self._column(canonical, "unit")
            wanted = set(map(compatible, query.units))
            known = self._connection.scalars(select(unit).distinct())
            yield unit.in_([name for name in known if name and compatible(name) in wanted])

    def _column(self, canonical: Canonical, name: str) -> Any:
        return self._table.c[canonical.own_name(name)]


def _record_batch(names: Sequence[str], rows: Sequence[Any]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch([pa.array(column) for column in columns], names=list(names))


def _unavailable(error: SQLAlchemyError) -> LakeUnavailable:
    # SQLAlchemy repeats statements and values; the driver's own words are enough for the log.
    words = str(getattr(error, "orig", None) or error)
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=words)
