"""A connection to a Trino cluster, for one query at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import requests
from sqlalchemy import Select, literal_column
from sqlalchemy.engine import URL

from ..errors import TELL, LakeUnavailable, Misconfigured, without_values
from .base import load_driver
from .trino_rows import END
from .trino_segments import TIMEOUT, Segments

_EXTRA = "trino"
_ATTEMPTS = 2
_SHOWN = 500  # characters of what the cluster says
_QUEUE = 60_000  # milliseconds that a cluster may let the export wait for its turn
_ENCODINGS = ["json+lz4", "json+zstd", "json"]


class Cluster:
    """One connection to a cluster, on which one query runs at a time."""

    def __init__(self, url: URL) -> None:
        """Raises Misconfigured; nothing is asked yet."""
        dbapi = load_driver("trino.dbapi", _EXTRA)
        self._dialect = load_driver("trino.sqlalchemy.dialect", _EXTRA).TrinoDialect()
        self._failures = (dbapi.Error, _http_error(), requests.RequestException)
        own = {
            "request_timeout": TIMEOUT,
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
            raise misconfigured(str(error)) from error
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
        """The answer as `schema` has it. Who stops reading ends the query in the cluster."""
        ended = statement.add_columns(literal_column(f"'{END}'"))
        words = ended.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})
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
                self._cursor = None
                self._end(cursor)
                segments.close()

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


def _scheme(url: URL, options: Mapping[str, Any]) -> dict[str, Any]:
    """Credentials only go over HTTPS, whatever the port, unless the URL allows what is insecure."""
    if "auth" in options and not options.get("allow_insecure_auth"):
        return {"http_scheme": "https"}
    return {"http_scheme": url.query["http_scheme"]} if "http_scheme" in url.query else {}


def _http_error() -> type[Exception]:
    return load_driver("trino.exceptions", _EXTRA).HttpError


def misconfigured(words: str) -> Misconfigured:
    return Misconfigured(inside=f"ckanext.export.lake.url: {words}")


def _unavailable(error: Exception) -> LakeUnavailable:
    name = getattr(error, "error_name", None)
    words = f"{name}: {getattr(error, 'message', '')}" if name else str(error)
    shown = without_values(" ".join(words.split()))[:_SHOWN]
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=f"Trino: {shown}")
