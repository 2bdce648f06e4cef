"""All tables of a run, in the order of the page."""

from .export_tables import export_table, limit_table, memory_table
from .formats_table import formats_table
from .growth_table import growth_table
from .lakes_table import lakes_table
from .peer_tables import PEERS, parts_table, peer_table, postgresql_table
from .plan import Bench
from .privacy_table import privacy_table
from .table import Table
from .trino_table import trino_table


def tables(bench: Bench) -> list[Table]:
    """Those that something was measured for."""
    record, ways = bench.record, bench.record.ways()
    found = [export_table(bench, "demo", "export"), memory_table(bench)]
    if "duckdb" in ways:
        found.append(limit_table(record))
    found += [peer_table(bench, *peer) for peer in PEERS if peer[0] in ways]
    found += [export_table(bench, way, way) for way in ("varied", "repetitive") if way in ways]
    for extra, table in _TABLES.items():
        if any(way.startswith(extra) for way in ways):
            found.append(table(record))
    if bench.parts:
        found.append(parts_table(bench))
    return found


_TABLES = {
    "format": formats_table,
    "lake": lakes_table,
    "growth": growth_table,
    "postgresql": postgresql_table,
    "trino": trino_table,
    "privacy": privacy_table,
}
