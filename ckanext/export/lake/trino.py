"""Tables behind a Trino cluster (Iceberg, Hive, Delta Lake, …) that outgrow one machine.

Trino filters; what is left comes in segments that its workers write side by side (its spooling
protocol), or row by row from its coordinator where the cluster has no place to spool to.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import requests
from sqlalchemy import Select, String, cast, column, func, quoted_name, select, table
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import TELL, LakeUnavailable, Misconfigured
from ..observations import COLUMNS
from ..query import Query
from .base import Inspection, Lake, Scan, load_driver
from .canonical import DERIVED_FROM, Canonical
from .storage import Storage
from .trino_segments import Segments
from .trino_statement import Statement

_EXTRA = "trino"
_TIMEOUT = (5, 60)  # seconds to connect, and of silence
_ATTEMPTS = 2
_QUEUE = 60_000  # milliseconds that a cluster may let the export wait for its turn
_ENCODINGS = ["json+zstd", "json+lz4", "json"]
_NO_SUCH = ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "NOT_SUPPORTED", "COLUMN_NOT_FOUND")


class TrinoLake(Lake):
    """A table or view as `trino://user@host:port/catalog/schema`, as Trino's SQLAlchemy dialect
    has it: `?access_token=`, `?verify=`, … included, and `?http_scheme=https`.
    """

    def __init__(self, url: str, columns: Mapping[str, str], table: str, storage: Storage) -> None:
        super().__init__(url, columns, table, storage)
        self._url = _parsed(url)

    def scan(self, query: Query) -> "TrinoScan":
        server = Server(self._url)
        try:
            return TrinoScan(server, self._statement(server), self.columns, query)
        except BaseException:
            server.close()
            raise

    def inspect(self) -> Inspection:
        server = Server(self._url)
        try:
            return self._inspection(server)
        finally:
            server.close()

    def _inspection(self, server: "Server") -> Inspection:
        statement = self._statement(server)
        present = list(statement.types)
        missing = Canonical(self.columns, Query(), COLUMNS).missing(present)
        derived = [name for name in DERIVED_FROM if self.columns.get(name, name) not in present]
        rows = server.ask(statement.count())[0][0]
        facts = {
            "kind": f"Trino {server.ask(select(func.version()))[0][0]}",
            "place": self._url.set(query={}).render_as_string(hide_password=True),
            "table": statement.name,
            "version": statement.snapshot or "none: an export of several formats may see changes",
            "columns": ", ".join(f"{name} {kind}" for name, kind in statement.types.items()),
            "derived columns": ", ".join(derived) or "none",
            "observations in the lake": f"{int(rows):,}",
            "fetched": "in spooled segments"
            if server.spools
            else "row by row, which is slow: the cluster has no spooling protocol",
        }
        return Inspection(facts, [f"{self.table} has no column {name!r}" for name in missing])

    def _statement(self, server: "Server") -> Statement:
        """What the lake's table is now. Raises LakeUnavailable when there is none."""
        schema, _, name = self.table.lower().rpartition(".")
        schema = schema or server.schema
        known = table("columns", schema="information_schema")
        asked = select(column("column_name"), column("data_type")).select_from(known)
        asked = asked.where(column("table_schema") == schema, column("table_name") == name)
        types = dict(server.ask(asked.order_by(column("ordinal_position"))))
        if not types:
            raise LakeUnavailable(
                f"The data lake lacks its table; {TELL}",
                inside=f"Trino has no table or view {schema}.{name} in {server.catalog}",
            )
        return Statement(schema, name, types, self._snapshot(server, schema, name))

    def _snapshot(self, server: "Server", schema: str, name: str) -> str | None:
        """The present snapshot of an Iceberg table; None for tables that have no such."""
        refs = table(quoted_name(f"{name}$refs", True), schema=quoted_name(schema, True))
        asked = select(cast(column("snapshot_id"), String)).select_from(refs)
        try:
            found = server.ask(asked.where(column("name") == "main"))
        except LakeUnavailable as error:
            if getattr(error.__cause__, "error_name", None) in _NO_SUCH:
                return None
            raise
        return found[0][0] if found else None


class TrinoScan(Scan):
    """One statement for every pass. Sorting would cost four times what all else does, and a
    cluster's memory besides, so the rows come as the workers have them.
    """

    ordered = False

    def __init__(
        self, server: "Server", statement: Statement, names: Mapping[str, str], query: Query
    ) -> None:
        Canonical(names, query, COLUMNS).expect(list(statement.types), statement.name)
        self.version = statement.snapshot
        self._server = server
        self._statement = statement
        self._names = names
        self._query = query

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        read = canonical.needed(list(self._statement.types))
        statement = self._statement.select(read, canonical, self._query)
        for batch in self._server.stream(statement, self._statement.schema_of(read)):
            if (selected := canonical.select(batch)).num_rows:
                yield selected

    def cancel(self) -> None:
        self._server.cancel()

    def close(self) -> None:
        self._server.close()


class Server:
    """One connection to a cluster, on which one query runs at a time."""

    def __init__(self, url: URL) -> None:
        """Raises Misconfigured; nothing is asked yet."""
        dbapi = load_driver("trino.dbapi", _EXTRA)
        self._dialect = load_driver("trino.sqlalchemy.dialect", _EXTRA).TrinoDialect()
        self._failures = (dbapi.Error, _http_error(), requests.RequestException)
        own = {
            "request_timeout": _TIMEOUT,
            "max_attempts": _ATTEMPTS,
            "encoding": _ENCODINGS,
            "timezone": "UTC",
            "source": url.query.get("source", "ckanext-export"),
            "user": url.username or "ckanext-export",
        }
        try:
            given, options = self._dialect.create_connect_args(url)
            self._connection = dbapi.connect(*given, **{**options, **own, **_scheme(url, options)})
        except (dbapi.Error, ValueError, TypeError) as error:
            raise _misconfigured(str(error)) from error
        self.catalog: str = options["catalog"]
        self.schema: str = options.get("schema") or "default"
        self.spools = False
        self._verify = options.get("verify", True)
        self._headers = options.get("http_headers") or {}
        self._cursor: Any = None
        self._cancelled = False

    def ask(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        """A short answer as rows of texts."""
        width = len(statement.selected_columns)
        schema = pa.schema([(str(number), pa.string()) for number in range(width)])
        batches = self.stream(statement, schema)
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

    def stream(self, statement: Select[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The answer, whose columns are texts. Who stops reading ends the query in the cluster."""
        words = statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})
        cursor = self._connection.cursor("segment", stats_callback=self._watch)
        segments = Segments(schema, self._verify, self._own_headers)
        with self._told():
            try:
                self._cursor = cursor
                for batch in segments.batches(cursor.execute(str(words)).genall()):
                    self.spools |= segments.spooled
                    yield batch
                    self._expect_to_go_on()
            finally:
                segments.close()
                self._cursor = None
                self._end(cursor)

    def cancel(self) -> None:
        self._cancelled = True
        if cursor := self._cursor:
            self._end(cursor)

    def close(self) -> None:
        self._connection.close()

    def _end(self, cursor: Any) -> None:
        """A cluster that does not hear of it ends the query itself, as nobody asks for more."""
        try:
            cursor.cancel()
        except self._failures:
            return

    def _watch(self, stats: Mapping[str, Any]) -> None:
        """Called with each answer of the cluster, also while it has no rows yet."""
        self._expect_to_go_on()
        if stats.get("state") == "QUEUED" and stats.get("queuedTimeMillis", 0) > _QUEUE:
            raise LakeUnavailable(
                "The data lake has too much to do; try again later.",
                inside=f"Trino has let a query wait for {_QUEUE / 1000:.0f} s",
            )

    def _expect_to_go_on(self) -> None:
        if self._cancelled:
            raise LakeUnavailable("The export was ended.")

    def _own_headers(self, host: str | None) -> Mapping[str, str]:
        """What the configured gateway in front of the cluster wants, and nobody else may see."""
        return self._headers if host == self._connection.host else {}

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            self._expect_to_go_on()
            raise _unavailable(error) from error


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _misconfigured("it is no URL") from error


def _scheme(url: URL, options: Mapping[str, Any]) -> dict[str, Any]:
    """Credentials only go over HTTPS, whatever the port, unless the URL allows what is insecure."""
    if "auth" in options and not options.get("allow_insecure_auth"):
        return {"http_scheme": "https"}
    return {"http_scheme": url.query["http_scheme"]} if "http_scheme" in url.query else {}


def _http_error() -> type[Exception]:
    return load_driver("trino.exceptions", _EXTRA).HttpError


def _misconfigured(words: str) -> Misconfigured:
    return Misconfigured(inside=f"ckanext.export.lake.url: {words}")


def _unavailable(error: Exception) -> LakeUnavailable:
    name = getattr(error, "error_name", None)
    words = f"{name}: {getattr(error, 'message', '')}" if name else str(error)
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=f"Trino: {words[:500]}")
