"""The lake behind Trino: `python -m bench.trino JSON`, one way in a process of its own.

Trino, its object store and the export share this machine's cores, so the figures say which way
costs least, not what a cluster can do.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ckanext.export.lake import open_lake
from ckanext.export.observations import COLUMNS, TIMES

from . import inside
from .lakes import BenchLake, published_types
from .measure import Run, answer, fresh, peak_memory

if TYPE_CHECKING:
    from portal_stack.trino_server import Trino

CATALOG, SCHEMA = "iceberg", "bench"
SLOW_ROWS = 1_000_000  # of the ways that take a minute for more
_DECLARED = ", ".join(
    f"{name} {'timestamp(6) with time zone' if name in TIMES else 'varchar'}" for name in COLUMNS
)
# Way → what makes it, and whether it is of the whole table.
WAYS = {
    "trino, plain cursor": ("cursor", False),
    "trino, export of plain rows": ("rows", False),
    "trino, unloaded to Parquet first": ("unload", True),
    "trino, export": ("segments", True),
}


@contextmanager
def running(home: Path, lake: BenchLake, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """A server with the lake's Parquet files as an Iceberg table: what `measure` needs to know."""
    from portal_stack.trino_server import running_trino

    say("Starting Trino (the first time it is downloaded: 0.8 GB)")
    with running_trino(home / "trino") as server:
        table = f"observations_{lake.folder.name.replace('-', '_')}"
        server.ask(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{SCHEMA}")
        if [table] not in server.ask(f"SHOW TABLES FROM {CATALOG}.{SCHEMA}"):
            _register(server, f"{CATALOG}.{SCHEMA}.{table}", lake.folder)
        yield {
            "url": server.url(CATALOG, SCHEMA),
            "table": table,
            "last_day": lake.first(SLOW_ROWS).last_day,
            "warehouse": server.warehouse,
        }


def _register(server: "Trino", table: str, folder: Path) -> None:
    """The lake's own Parquet files become the table's."""
    inside = server.warehouse / folder.name
    shutil.rmtree(inside, ignore_errors=True)
    no_data = shutil.ignore_patterns("*.txt")
    shutil.copytree(folder, inside, ignore=no_data, copy_function=os.link)
    where = f"location => 'local:///{inside.name}', format => 'PARQUET'"
    server.ask(f"DROP TABLE IF EXISTS {table}_new")
    server.ask(f"CREATE TABLE {table}_new ({_DECLARED})")
    server.ask(f"ALTER TABLE {table}_new EXECUTE add_files({where}, recursive_directory => 'true')")
    server.ask(f"ALTER TABLE {table}_new RENAME TO {table}")


def measure(known: dict[str, Any]) -> Iterator[tuple[str, str, Run]]:
    """One round: way, format and run."""
    for way, (kind, whole) in WAYS.items():
        arguments = known | ({"last_day": None} if whole else {})
        yield way, "csv", fresh("bench.trino", way=kind, **arguments)


def _chosen(table: str, last_day: str | None) -> str:
    before = f"DATE '{last_day}' + INTERVAL '1' DAY" if last_day else "DATE '9999-01-01'"
    columns = ", ".join(COLUMNS)
    return f"SELECT {columns} FROM {table} WHERE last_updated < {before}"  # noqa: S608  our own names


def _cursor(url: str, table: str, last_day: str | None, warehouse: str) -> Run:
    """What most programs do: the driver's rows, of which nothing is made."""
    from sqlalchemy import create_engine, text

    statement = text(_chosen(table, last_day))
    engine = create_engine(url, connect_args={"encoding": None})
    begun, rows = time.perf_counter(), 0
    with engine.connect().execution_options(stream_results=True, yield_per=10_000) as connection:
        for part in connection.execute(statement).partitions():
            rows += len(part)
    return Run(rows, time.perf_counter() - begun, peak=peak_memory())


def _segments(url: str, table: str, last_day: str | None, warehouse: str) -> Run:
    return inside.export(url, "csv", last_day, table)


def _rows(url: str, table: str, last_day: str | None, warehouse: str) -> Run:
    direct = quote(json.dumps({"spooling_enabled": False}))
    return _segments(f"{url}?session_properties={direct}", table, last_day, warehouse)


def _unload(url: str, table: str, last_day: str | None, warehouse: str) -> Run:
    """The way that was not taken: the cluster writes Parquet, and the export reads that."""
    from sqlalchemy.engine import make_url
    from trino.dbapi import connect

    begun, server, scratch = time.perf_counter(), make_url(url), f"{table}_scratch"
    kinds = "', '".join(published_types())
    connection = connect(server.host, server.port, server.username, catalog=CATALOG, schema=SCHEMA)
    cursor = connection.cursor()
    statement = f"{_chosen(table, last_day)} AND type IN ('{kinds}')"
    cursor.execute(f"CREATE TABLE {scratch} WITH (format = 'PARQUET') AS {statement}").fetchall()
    try:
        (path,) = cursor.execute(f'SELECT "$path" FROM {scratch} LIMIT 1').fetchone()  # noqa: S608  ours
        folder = Path(warehouse) / path.removeprefix("local:///")
        return inside.taken(open_lake(str(folder.parent)), "csv", last_day, begun)
    finally:
        cursor.execute(f"DROP TABLE {scratch}").fetchall()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    ways = {"cursor": _cursor, "rows": _rows, "unload": _unload, "segments": _segments}
    answer(ways[asked.pop("way")](**asked))
