"""A table or view of PostgreSQL."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    Select,
    Table,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.types import NullType

from ..errors import LakeUnavailable
from ..observations import COLUMNS, TIMES, span
from ..query import Query, compatible
from .base import Inspection, Lake, Scan
from .canonical import Canonical, Columns
from .postgresql_ranges import ranges
from .postgresql_transaction import DIALECT, Transaction, sql
from .postgresql_url import address
from .statement import Statements

# In the units of the server's planner, about a second. Sorting all of a large table would delay
# the first byte by all that it takes to read it, and following an index takes the server longer:
# 25 s instead of 8 for ten million rows that were stored in the order of time already.
_SMALL = 50_000
_BATCH_BYTES = 16 << 20
_FEW_BYTES = 2 << 20  # of a pass over some columns, which may end early and for which others wait
_INDEX = """
SELECT (SELECT relkind IN ('r', 'p', 'm') FROM pg_class WHERE oid = to_regclass(:table)), (
    SELECT min(indexrelid::regclass::text) FROM pg_index JOIN pg_attribute
    ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = to_regclass(:table) AND attname = :column AND indisvalid AND indpred IS NULL)
"""


class PostgreSqlLake(Lake):
    """Observations as rows of a table, every export on connections of its own."""

    def scan(self, query: Query) -> "PostgreSqlScan":
        transaction = Transaction(self.url)
        try:
            table = transaction.table(self.table)
            return PostgreSqlScan(self.url, transaction, table, self.columns, query)
        except BaseException:
            transaction.close()
            raise

    def inspect(self) -> Inspection:
        transaction = Transaction(self.url)
        try:
            return self._inspection(transaction)
        finally:
            transaction.close()

    def _inspection(self, transaction: Transaction) -> Inspection:
        table, columns = transaction.table(self.table), Columns(self.columns)
        present = table.c.keys()
        problems = [f"{self.table} has no column {n!r}" for n in columns.missing(present)]
        facts = {
            "kind": f"PostgreSQL {transaction.server}",
            "place": address(self.url),
            "table": self.table,
            "version": transaction.version,
            "columns": ", ".join(present),
            "derived columns": ", ".join(columns.derived(present)) or "none",
            "rows": f"{transaction.row(sql(select(func.count()).select_from(table)))[0]:,}",
        }
        if not problems:
            time = columns.own_name("last_updated")
            facts["index on last_updated"] = _index(transaction, table, time)
            ordered = PostgreSqlScan(self.url, transaction, table, self.columns, Query()).ordered
            facts["order of an export"] = (
                "sorted"
                if ordered
                else "as stored; parts of it that the server sorts in about a second are sorted"
            )
        return Inspection(facts, problems)


class PostgreSqlScan(Scan):
    """Passes that all see what the transaction saw first."""

    def __init__(
        self,
        url: str,
        transaction: Transaction,
        table: Table,
        names: Mapping[str, str],
        query: Query,
    ) -> None:
        self.version = transaction.version
        self._transaction = transaction
        self._names = names
        self._query = query
        self._cancelled = False
        self._statements = _Statements(table, Columns(names), _storable(query))
        if query.units and transaction.unicode:
            self._statements.of_units(_storable(query).units)
        own_names = Columns(names).needed(self._statements.present)
        self.ordered = transaction.plan(self._statements.select(own_names))["Total Cost"] <= _SMALL
        stored = self._statements.select(own_names, ordered=False)
        self._ranges = None if self.ordered else ranges(transaction, url, table, stored)

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        read = canonical.needed(self._statements.present)
        statement = self._statements.select(read, self.ordered)
        with closing(self._answer(statement, whole=len(columns) == len(COLUMNS))) as answer:
            for batch in answer:
                if self._cancelled:
                    raise LakeUnavailable("The export was ended.")
                selected = canonical.select(batch)
                _expect_years(selected)
                if selected.num_rows:
                    yield selected

    def _answer(self, statement: Select[Any], whole: bool) -> Generator[pa.RecordBatch, None, None]:
        if self._ranges and whole:
            return self._ranges.batches(statement)
        return self._transaction.batches(statement, _BATCH_BYTES if whole else _FEW_BYTES)

    def cancel(self) -> None:
        self._cancelled = True
        (self._ranges or self._transaction).cancel()

    def close(self) -> None:
        (self._ranges or self._transaction).close()


class _Statements(Statements):
    def time(self, name: str) -> ColumnElement[Any]:
        """Texts and days are made times by the server."""
        column = super().time(name)
        if isinstance(column.type, NullType):
            return cast(column, TIMESTAMP(timezone=True))
        return column

    def of_units(self, units: Sequence[str]) -> None:
        unit = self.text("unit")
        if unit is not None:
            same = func.normalize(unit, literal_column("NFKC"))
            self.where(same.in_(sorted(set(map(compatible, units)))))


def _index(transaction: Transaction, table: Table, time: str) -> str:
    """Whether the server finds days by an index; a sentence says what to do."""
    name = DIALECT.identifier_preparer.format_table(table)
    own, index = transaction.row(sql(text(_INDEX).bindparams(table=str(name), column=str(time))))
    if not own:
        return "unknown, as it is a view: its tables should have one"
    quoted = DIALECT.identifier_preparer.quote(time)
    return index or (
        f"missing: CREATE INDEX ON {name} ({quoted}) makes exports of few days fast and sorted"
    )


def _storable(query: Query) -> Query:
    """The query without what no text of PostgreSQL holds; it stands for nothing and finds none."""
    types, units = ([_valid(text) for text in texts] for texts in (query.types, query.units))
    return replace(query, types=tuple(types), units=tuple(units))


def _valid(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _expect_years(batch: pa.RecordBatch) -> None:
    """Infinity and years that no format can write. Raises LakeUnavailable."""
    for name in set(TIMES).intersection(batch.schema.names):
        span(batch.column(name))
