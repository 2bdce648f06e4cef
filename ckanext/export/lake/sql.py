"""A table or view of a database that SQLAlchemy reaches."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import MetaData, Table, create_engine, select
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..errors import TELL, LakeUnavailable, Misconfigured, without_values
from ..observations import COLUMNS
from ..query import Query, compatible
from .base import Inspection, Lake, Scan
from .canonical import Canonical, Columns
from .statement import Statements, split_name

_ROWS = 32_768  # of a batch


class SqlLake(Lake):
    """Observations as rows of a table."""

    def scan(self, query: Query) -> "SqlScan":
        try:
            connection = self._engine().connect()
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
        columns, present = Columns(self.columns), [column.name for column in table.columns]
        facts = {
            "kind": f"SQL ({engine.dialect.name})",
            "place": engine.url.render_as_string(hide_password=True),
            "table": self.table,
            "columns": ", ".join(present),
            "derived columns": ", ".join(columns.derived(present)) or "none",
        }
        problems = [f"{self.table} has no column {n!r}" for n in columns.missing(present)]
        return Inspection(facts, problems)

    def _engine(self) -> Engine:
        try:
            return create_engine(make_url(self.url), poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise Misconfigured(
                "This portal's data lake is of a kind that the export cannot read.",
                inside=f"ckanext.export.lake.url: {error}",
            ) from error

    def _table(self, connection: Connection) -> Table:
        schema, name = split_name(self.table)
        try:
            return Table(name, MetaData(), schema=schema, autoload_with=connection)
        except NoSuchTableError as error:
            raise LakeUnavailable(
                f"The data lake lacks its table; {TELL}",
                inside=f"no table or view {self.table}",
            ) from error


class SqlScan(Scan):
    """One connection; whether its passes see the same rows is up to the database."""

    def __init__(
        self, connection: Connection, table: Table, names: Mapping[str, str], query: Query
    ) -> None:
        self._connection = connection
        self._names = names
        self._query = query
        self._statements = Statements(table, Columns(names), query)
        unit = self._statements.text("unit")
        if query.units and unit is not None:
            wanted = set(map(compatible, query.units))
            known = connection.scalars(select(unit).distinct())
            same = [name for name in known if name and compatible(name) in wanted]
            self._statements.where(unit.in_(same))

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        read = canonical.needed(self._statements.present)
        streaming = {"stream_results": True, "yield_per": _ROWS}
        try:
            with self._connection.execute(
                self._statements.select(read), execution_options=streaming
            ) as result:
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


def _record_batch(names: Sequence[str], rows: Sequence[Any]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch([pa.array(column) for column in columns], names=list(names))


def _unavailable(error: SQLAlchemyError) -> LakeUnavailable:
    # SQLAlchemy repeats statements and values; the driver's own words are enough for the log.
    words = without_values(str(getattr(error, "orig", None) or error))
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=words)
