"""Tables behind a Trino cluster (Iceberg, Hive, Delta Lake, …) that outgrow one machine.

Trino filters; what is left comes in segments that its workers write side by side (its spooling
protocol), or row by row from its coordinator where the cluster has no place to spool to.
"""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
from sqlalchemy import String, cast, column, func, quoted_name, select, table
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import TELL, LakeUnavailable
from ..observations import COLUMNS
from ..query import Query
from .base import Inspection, Lake, Scan
from .canonical import Canonical, Columns
from .storage import Storage
from .trino_cluster import Cluster, misconfigured
from .trino_statement import Statement

_NO_SUCH = ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "NOT_SUPPORTED", "COLUMN_NOT_FOUND")


class TrinoLake(Lake):
    """A table or view as `trino://user@host:port/catalog/schema`, as Trino's SQLAlchemy dialect
    has it: `?access_token=`, `?verify=`, … included, and `?http_scheme=https`.
    """

    def __init__(self, url: str, columns: Mapping[str, str], table: str, storage: Storage) -> None:
        super().__init__(url, columns, table, storage)
        self._url = _parsed(url)

    def scan(self, query: Query) -> "TrinoScan":
        cluster = Cluster(self._url)
        try:
            return TrinoScan(cluster, self._statement(cluster), self.columns, query)
        except BaseException:
            cluster.close()
            raise

    def inspect(self) -> Inspection:
        cluster = Cluster(self._url)
        try:
            return self._inspection(cluster)
        finally:
            cluster.close()

    def _inspection(self, cluster: Cluster) -> Inspection:
        statement = self._statement(cluster)
        columns, present = Columns(self.columns), list(statement.types)
        rows = cluster.ask(statement.count())[0][0]
        facts = {
            "kind": f"Trino {cluster.ask(select(func.version()))[0][0]}",
            "place": self._url.set(query={}).render_as_string(hide_password=True),
            "table": statement.name,
            "version": statement.snapshot or "none: an export of several formats may see changes",
            "columns": ", ".join(f"{name} {kind}" for name, kind in statement.types.items()),
            "derived columns": ", ".join(columns.derived(present)) or "none",
            "observations in the lake": f"{int(rows):,}",
            "fetched": "in spooled segments"
            if cluster.spools
            else "row by row, which is slow: the cluster has no spooling protocol",
        }
        return Inspection(
            facts, [f"{self.table} has no column {name!r}" for name in columns.missing(present)]
        )

    def _statement(self, cluster: Cluster) -> Statement:
        """What the lake's table is now. Raises LakeUnavailable when there is none."""
        schema, _, name = self.table.lower().rpartition(".")
        schema = schema or cluster.schema
        known = table("columns", schema="information_schema")
        asked = select(column("column_name"), column("data_type")).select_from(known)
        asked = asked.where(column("table_schema") == schema, column("table_name") == name)
        types = dict(cluster.ask(asked.order_by(column("ordinal_position"))))
        if not types:
            raise LakeUnavailable(
                f"The data lake lacks its table; {TELL}",
                inside=f"Trino has no table or view {schema}.{name} in {cluster.catalog}",
            )
        return Statement(schema, name, types, self._snapshot(cluster, schema, name))

    def _snapshot(self, cluster: Cluster, schema: str, name: str) -> str | None:
        """The present snapshot of an Iceberg table; None for tables that have no such."""
        refs = table(quoted_name(f"{name}$refs", True), schema=quoted_name(schema, True))
        asked = select(cast(column("snapshot_id"), String)).select_from(refs)
        try:
            found = cluster.ask(asked.where(column("name") == "main"))
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
        self, cluster: Cluster, statement: Statement, names: Mapping[str, str], query: Query
    ) -> None:
        Canonical(names, query, COLUMNS).expect(list(statement.types), statement.name)
        self.version = statement.snapshot
        self._cluster = cluster
        self._statement = statement
        self._names = names
        self._query = query

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        read = canonical.needed(list(self._statement.types))
        statement = self._statement.select(read, canonical, self._query)
        for batch in self._cluster.stream(statement, self._statement.schema_of(read)):
            if (selected := canonical.select(batch)).num_rows:
                yield selected

    def cancel(self) -> None:
        self._cluster.cancel()

    def close(self) -> None:
        self._cluster.close()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise misconfigured("it is no URL") from error
