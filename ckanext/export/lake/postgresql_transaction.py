"""One transaction of PostgreSQL 13 or newer; ADBC reads its results by COPY into Arrow."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from sqlalchemy import (
    TIMESTAMP,
    Column,
    MetaData,
    Select,
    Table,
    Text,
    TextClause,
    cast,
    func,
    literal_column,
    quoted_name,
    select,
)
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import NullType, TypeEngine

from ..errors import TELL, LakeUnavailable, without_values
from .postgresql_url import libpq_uri
from .statement import split_name

_BATCH_SIZE = "adbc.postgresql.batch_size_hint_bytes"
_PLAIN = {"adbc.postgresql.use_copy": "false"}
# No result may depend on what the server, the database or the user has been set to.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "standard_conforming_strings": "on",
    "synchronize_seqscans": "off",  # a scan that joins another one begins anywhere
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "0",  # a visitor may be slow
    "jit": "off",  # compiles for longer than a small export takes
}
_SAVE, _BACK = "SAVEPOINT begun", "ROLLBACK TO SAVEPOINT begun"
_NO_TABLE = {"42P01", "3F000"}  # SQLSTATE


class _Dialect(PGDialect):
    """Writes values as a `Transaction` reads them: no sign but the quote is special."""

    default_paramstyle = "named"  # others double the percent sign
    _backslash_escapes = False


DIALECT = _Dialect()


class Transaction:
    """A connection with one read-only transaction, and a savepoint to come back to.

    `sees` tells which other transactions its snapshot knows of.
    """

    def __init__(self, url: str, snapshot: str | None = None) -> None:
        """`snapshot`: what another one `share`s. Raises Misconfigured and LakeUnavailable."""
        uri = libpq_uri(url)
        with _told():
            # The driver, when it minds the transaction, knows no savepoints.
            self._connection = dbapi.connect(uri, autocommit=True)
        self._closed = False
        # Held here, as the garbage collector may take the pass before the connection.
        self._open: dbapi.Cursor | None = None
        try:
            self._begin(snapshot)
        except BaseException:
            self.close()
            raise

    def _begin(self, snapshot: str | None) -> None:
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if snapshot:
            self._run(f"SET TRANSACTION SNAPSHOT '{snapshot}'")  # as a server has named it
        state = select(
            func.clock_timestamp(),
            cast(func.pg_current_snapshot(), Text),
            func.current_setting("server_version"),
            func.current_setting("server_encoding"),
            *(func.set_config(name, value, True) for name, value in _SETTINGS.items()),
        )
        time, self.sees, self.server, encoding, *_ = self.row(sql(state))
        self._run(_SAVE)
        self.version = f"{time:%Y-%m-%dT%H:%M:%S.%fZ}, snapshot {self.sees}"
        self.unicode = encoding == "UTF8"

    def table(self, name: str) -> Table:
        """A table or view with its columns: times as such, all else of no type."""
        schema, plain = split_name(name)
        table = Table(plain, MetaData(), schema=schema)
        all_columns = select(literal_column("*")).select_from(table)
        try:
            with self._cursor() as cursor:
                fields = cursor.adbc_execute_schema(sql(all_columns))
        except dbapi.Error as error:
            if error.sqlstate in _NO_TABLE:
                raise LakeUnavailable(
                    f"The data lake lacks its table; {TELL}", inside=f"no table or view {name}"
                ) from error
            raise _unavailable(error) from error
        for field in fields:
            table.append_column(Column(quoted_name(field.name, True), _type(field.type)))
        return table

    def row(self, statement: str) -> tuple[Any, ...]:
        """The first row of the answer."""
        with _told(), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**_PLAIN)
            cursor.execute(statement)
            return cursor.fetchone() or ()

    def share(self) -> str:
        """A name for the snapshot, by which others can see the same while this one is open."""
        self._run("RELEASE SAVEPOINT begun")  # within one it cannot be shared
        [name] = self.row("SELECT pg_export_snapshot()")
        self._run(_SAVE)
        return name

    def lock(self, table: str) -> None:
        """Keeps a table, given as SQL names it, from being altered, or raises LakeUnavailable.

        A transaction that had to wait behind an ALTER TABLE, which waits for another one that
        the same reader holds, would wait for ever.
        """
        try:
            self._run(f"LOCK TABLE {table} IN ACCESS SHARE MODE NOWAIT")
        except LakeUnavailable:
            self._run(_BACK)
            raise
        self._run(_SAVE)

    def plan(self, statement: Select[Any]) -> dict[str, Any]:
        """How the server will find the answer, and what it thinks that this costs."""
        plan = self.row(f"EXPLAIN (FORMAT JSON) {sql(statement)}")
        return orjson.loads(plan[0])[0]["Plan"]

    def batches(self, statement: Select[Any], size: int) -> Generator[pa.RecordBatch, None, None]:
        """The answer, in batches of about `size` bytes.

        Whoever leaves early finds the transaction as it was before.
        """
        with _told():
            self._open = self._cursor()
            self._open.adbc_statement.set_options(**{_BATCH_SIZE: str(size)})
            self._open.execute(sql(statement))
            try:
                yield from self._open.fetch_record_batch()
            except GeneratorExit:
                self._leave()
                raise
            self._end()

    def _leave(self) -> None:
        """Stops the server, which sees that only when what it has sent is taken."""
        if self._open:
            self.cancel()
            with suppress(OSError, pa.ArrowException):
                for _ in self._open.fetch_record_batch():
                    pass
            self._end()
            with suppress(LakeUnavailable):  # the next pass will tell
                self._run(_BACK)

    def _end(self) -> None:
        opened, self._open = self._open, None
        if opened:
            opened.close()

    def cancel(self) -> None:
        if self._closed:
            return
        with suppress(dbapi.Error):
            self._connection.adbc_cancel()

    def close(self) -> None:
        """Ends the pass that is under way, too."""
        if self._closed:
            return
        if self._open:
            self.cancel()  # a server that sorts would not notice that nobody listens
            self._end()
        self._closed = True
        self._connection.close()

    def _cursor(self) -> dbapi.Cursor:
        return self._connection.cursor()

    def _run(self, statement: str) -> None:
        with _told(), self._cursor() as cursor:
            cursor.execute(statement)


def sql(statement: Select[Any] | TextClause) -> str:
    """The driver copies, and so streams, only statements that hold their values."""
    return str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))


def _type(arrow: pa.DataType) -> TypeEngine[Any]:
    if pa.types.is_timestamp(arrow):
        return TIMESTAMP(timezone=arrow.tz is not None)
    return NullType()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (dbapi.Error, pa.ArrowException, OSError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> LakeUnavailable:
    # The driver repeats the statement; the server's own words are enough for the log.
    details = dict(getattr(error, "details", None) or [])
    words = details.get(b"PG_DIAG_MESSAGE_PRIMARY") or details.get("PG_DIAG_MESSAGE_PRIMARY")
    told = words.decode(errors="replace") if words else str(error).strip()
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=without_values(told))
