"""A large table of PostgreSQL, read in ranges of its blocks by two connections in turn.

A server gives a connection the work of one core, which sends rows more slowly than they are
exported. Both connections see one snapshot, and the rows keep the order in which they are stored.
Where there is no second connection to be had, one reads all ranges.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from inspect import GEN_CLOSED, getgeneratorstate
from itertools import cycle
from typing import Any

import pyarrow as pa
from sqlalchemy import Select, Table, literal_column, text

from ..ahead import in_turn
from ..errors import LakeUnavailable
from .postgresql_transaction import DIALECT, Transaction, sql

_BLOCKS = 2048  # of a range, 8 kB each: some batches, so that both are at work most of the time
_BATCH_BYTES = 4 << 20
_DEPTH = 4  # batches that a connection may have ready
_SIZE = """
SELECT pg_relation_size(oid) / current_setting('block_size')::int
FROM pg_class WHERE oid = to_regclass(:table) AND relkind = 'r'
"""


class Ranges:
    """The transaction of a scan and, from the first pass on, another one that helps it."""

    def __init__(self, transaction: Transaction, url: str, table: str, blocks: int) -> None:
        self._readers = [transaction]
        self._url = url
        self._table = table
        self._borders = range(_BLOCKS, blocks, _BLOCKS)
        self._pass: Generator[pa.RecordBatch, None, None] | None = None

    def batches(self, statement: Select[Any]) -> Generator[pa.RecordBatch, None, None]:
        """The answer of a statement that reads the table; by one connection if need be."""
        if len(self._readers) == 1:
            self._readers += self._helpers(self._readers[0])
        parts = zip(cycle(self._readers), self._parts(statement), strict=False)
        answers = (reader.batches(part, _BATCH_BYTES) for reader, part in parts)
        self._pass = in_turn(answers, len(self._readers), _DEPTH)
        return self._pass

    def _helpers(self, first: Transaction) -> list[Transaction]:
        """One, or none where there is none to be had or it leads to another server."""
        with suppress(LakeUnavailable), ExitStack() as stack:
            helper = Transaction(self._url, first.share())
            stack.callback(helper.close)
            for transaction in (first, helper):
                transaction.lock(self._table)
            if helper.sees == first.sees:
                stack.pop_all()
                return [helper]
        return []

    def _parts(self, statement: Select[Any]) -> Iterator[Select[Any]]:
        begin = 0
        for end in self._borders:
            yield between(statement, begin, end)
            begin = end
        yield between(statement, begin, None)

    def cancel(self) -> None:
        for transaction in self._readers:
            transaction.cancel()

    def close(self) -> None:
        """Ends a pass that was left open, too: its threads read from the connections."""
        with ExitStack() as stack:
            for transaction in self._readers:
                stack.callback(transaction.close)
            if self._pass and getgeneratorstate(self._pass) != GEN_CLOSED:
                self.cancel()
                self._pass.close()


def ranges(
    transaction: Transaction, url: str, table: Table, statement: Select[Any]
) -> Ranges | None:
    """For a statement that looks at all rows of a table. None for views, partitioned tables and
    servers before PostgreSQL 14, which cannot read ranges."""
    name = str(DIALECT.identifier_preparer.format_table(table))
    blocks = (transaction.row(sql(text(_SIZE).bindparams(table=name))) or [0])[0]
    if blocks <= _BLOCKS or not _reads_ranges(transaction, statement):
        return None
    return Ranges(transaction, url, name, blocks)


def _reads_ranges(transaction: Transaction, statement: Select[Any]) -> bool:
    if transaction.plan(statement)["Node Type"] != "Seq Scan":
        return False
    return transaction.plan(between(statement, 0, _BLOCKS))["Node Type"] == "Tid Range Scan"


def between(statement: Select[Any], begin: int, end: int | None) -> Select[Any]:
    """The rows that are stored in the blocks from `begin` to before `end`."""
    place = literal_column("ctid")
    statement = statement.where(place >= literal_column(f"'({begin},0)'::tid"))
    if end is not None:
        statement = statement.where(place < literal_column(f"'({end},0)'::tid"))
    return statement
