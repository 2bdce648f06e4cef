"""The Trino server of the tests, started when the first one asks for it (`-m trino`)."""

import atexit
import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.builders import Row, write_file

if TYPE_CHECKING:
    from portal_stack.trino_server import Trino

# It is downloaded once (0.8 GB) and takes a gigabyte of memory.
MARKS = (pytest.mark.slow, pytest.mark.trino)
# The end of a URL: as if the cluster had no place to spool to.
ROW_BY_ROW = "?session_properties=" + quote('{"spooling_enabled": false}')
COLUMNS = (
    "home varchar, entity_id varchar, type varchar, state varchar, unit varchar, "
    "last_changed {time}, last_updated {time}, attributes varchar"
)
ICEBERG = COLUMNS.format(time="timestamp(6) with time zone")
HIVE = COLUMNS.format(time="timestamp(6)")
_numbers = count()


@cache
def trino_server() -> "Trino":
    folder = os.environ.get("PORTAL_TEST_HOME")
    if not folder:
        pytest.fail("Trino is started by `./portal test -m trino`.", pytrace=False)
    from portal_stack.trino_server import running_trino

    running = ExitStack()
    atexit.register(running.close)
    server = running.enter_context(running_trino(Path(folder) / "trino"))
    for catalog in ("hive", "iceberg"):
        server.ask(f"DROP SCHEMA IF EXISTS {catalog}.lake CASCADE")
        server.ask(f"CREATE SCHEMA {catalog}.lake")
    return server


def new_name() -> str:
    return f"observations_{next(_numbers)}"


def iceberg_table(rows: Sequence[Row], name: str = "") -> str:
    """The name of a table of two snapshots, each with half of the rows."""
    server, name = trino_server(), name or new_name()
    server.ask(f"CREATE TABLE iceberg.lake.{name} ({ICEBERG})")
    for part in (rows[::2], rows[1::2]):
        add_to_iceberg(name, part)
    return name


def add_to_iceberg(name: str, rows: Sequence[Row]) -> None:
    where = f"location => '{_written(rows)}', format => 'PARQUET'"
    trino_server().ask(f"ALTER TABLE iceberg.lake.{name} EXECUTE add_files({where})")


def hive_table(rows: Sequence[Row]) -> str:
    server, name = trino_server(), new_name()
    where = f"external_location = '{_written(rows)}', format = 'PARQUET'"
    server.ask(f"CREATE TABLE hive.lake.{name} ({HIVE}) WITH ({where})")
    return name


def view(columns: str) -> str:
    """A view in the catalog iceberg of one row, whose columns may have any type."""
    name = new_name()
    trino_server().ask(f"CREATE VIEW iceberg.lake.{name} AS SELECT {columns}")
    return name


def _written(rows: Sequence[Row]) -> str:
    """Where the server finds a folder that has these rows as one Parquet file."""
    name = f"files-{os.getpid()}-{next(_numbers)}"
    write_file(trino_server().warehouse / name / "part-0.parquet", rows)
    return f"local:///{name}"
