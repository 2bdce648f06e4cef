"""An Iceberg table, found by a catalog or by the place of its metadata.

`iceberg+sqlite:////srv/catalog.db`, `iceberg+postgresql://reader:secret@host/catalog` and
`iceberg+https://client:secret@host/catalog` are catalogs; `?catalog=` is the catalog's name and
`?warehouse=` its warehouse, other parameters are a REST catalog's properties or the database's.
`iceberg+s3://bucket/table/metadata/v3.metadata.json` is one table as it was then; the table's
folder will do where it has a `version-hint.text`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from ..errors import TELL, ExportError, LakeUnavailable, Misconfigured
from ..query import Query
from .base import load_driver
from .iceberg_files import table_files
from .storage import Storage
from .tables import Snapshot, TableLake

_CATALOGS = {"http", "https", "postgresql", "sqlite", "thrift"}
_SECRET = ("credential", "token", "secret", "password", "access-key")


class IcebergLake(TableLake):
    """Files come from one snapshot; partitions and statistics tell which of them a query needs."""

    kind = "Iceberg table"

    def snapshot(self, query: Query) -> Snapshot:
        with self._told(), self._opened() as table:
            columns = [column.name for column in table.schema().fields]
            current = table.metadata.current_snapshot()
            return Snapshot(
                version=str(current.snapshot_id) if current else None,
                columns=columns,
                files=table_files(table, _row_filter(table, self.columns, query)),
                open=lambda path: table.io.new_input(path).open(),
                near=urlsplit(table.location()).scheme in ("", "file"),
            )

    def hide(self, text: str) -> str:
        parts = urlsplit(self.address)
        secrets = [value for name, value in parse_qsl(parts.query) if _is_secret(name)]
        for secret in filter(None, [*secrets, parts.password, unquote(parts.password or "")]):
            text = text.replace(secret, "…")
        return super().hide(text)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The driver and what it stands on have no base of their own for what may fail."""
        missing = load_driver("pyiceberg.exceptions", "iceberg").NoSuchTableError
        try:
            yield
        except ExportError:
            raise
        except missing as error:
            raise LakeUnavailable(
                f"The data lake lacks its table; {TELL}", inside=f"no table {self.table}"
            ) from error
        except Exception as error:
            raise LakeUnavailable(
                f"The data lake cannot be read; {TELL}",
                inside=self.hide(f"{type(error).__name__}: {error}"),
            ) from None

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        scheme = urlsplit(self.address).scheme.partition("+")[0]
        if scheme not in _CATALOGS:
            tables = load_driver("pyiceberg.table", "iceberg")
            yield tables.StaticTable.from_metadata(self.address, _properties(self.storage))
            return
        if "." not in self.table:
            raise Misconfigured(
                inside=f"ckanext.export.lake.table is {self.table!r}, but an Iceberg table has "
                "its namespace before it, as in house.observations"
            )
        catalogs = load_driver("pyiceberg.catalog", "iceberg")
        name, properties = _catalog(self.address)
        catalog = catalogs.load_catalog(name, **_properties(self.storage), **properties)
        try:
            yield catalog.load_table(self.table)
        finally:
            catalog.close()


def _catalog(url: str) -> tuple[str, dict[str, str]]:
    """A catalog's name and what it wants to know, from its address."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = given.pop("catalog", "default")
    properties = {"warehouse": given.pop("warehouse")} if "warehouse" in given else {}
    if parts.scheme == "sqlite":  # which would make an empty database of a wrong path
        given |= {"mode": "ro", "uri": "true"}
        place = quote(parts.path[1:])
        return name, properties | _sql(f"sqlite:///file:{place}?{urlencode(given)}")
    if parts.scheme.startswith("postgresql"):
        return name, properties | _sql(urlunsplit(parts._replace(query=urlencode(given))))
    user, _, host = parts.netloc.rpartition("@")
    if user:
        properties["credential"] = unquote(user)
    return name, properties | given | {"uri": urlunsplit(parts._replace(netloc=host, query=""))}


def _sql(uri: str) -> dict[str, str]:
    """A catalog in a database, of which nothing is made where there is none."""
    return {"uri": uri, "init_catalog_tables": "false"}


def _properties(storage: Storage) -> dict[str, str]:
    """Object storage in the driver's words; what is left out is looked for in the environment."""
    endpoint = storage.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
    region = storage.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    told = {
        "s3.endpoint": endpoint,
        # Else the driver asks Amazon where the bucket is.
        "s3.region": region or ("us-east-1" if endpoint else ""),
        "s3.access-key-id": storage.access_key,
        "s3.secret-access-key": storage.secret_key,
        "s3.session-token": storage.session_token,
        # A store that does not answer costs a visitor these.
        "s3.connect-timeout": "2",
        "s3.request-timeout": "4",
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
    }
    return {name: value for name, value in told.items() if value}


def _row_filter(table: Any, names: Mapping[str, str], query: Query) -> Any:
    """What lets the driver leave files out; their rows are filtered again."""
    words = load_driver("pyiceberg.expressions", "iceberg")
    kinds = {column.name: str(column.field_type) for column in table.schema().fields}
    time, kind = names.get("last_updated", "last_updated"), names.get("type", "type")
    found = words.AlwaysTrue()
    if kinds.get(time) in ("timestamptz", "timestamp"):
        zone = kinds[time] == "timestamptz"
        if query.begin:
            found = words.And(found, words.GreaterThanOrEqual(time, _iso(query.begin, zone)))
        if query.end:
            found = words.And(found, words.LessThan(time, _iso(query.end, zone)))
    if query.types and kinds.get(kind) == "string":
        found = words.And(found, words.In(kind, set(query.types)))
    return found


def _iso(time: datetime, zone: bool) -> str:
    return (time if zone else time.replace(tzinfo=None)).isoformat()


def _is_secret(name: str) -> bool:
    return any(word in name for word in _SECRET)
