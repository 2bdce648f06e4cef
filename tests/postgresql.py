"""A PostgreSQL server for tests, started when the first one asks and stopped at the end.

It is set to an odd time zone and date style, so that whoever trusts in them is found out.
"""

import atexit
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import psycopg2.extensions

from ckanext.export.observations import COLUMNS
from portal_stack.arguments import CHECKOUT
from portal_stack.postgres import PROGRAMS
from portal_stack.services import DETACH
from tests.builders import Row

PATIENCE = 20
USER = "nobody"  # instead of root
READER = "odd reader@home"  # who needs a password, when he has been made
KINDS = {"last_changed": "timestamptz", "last_updated": "timestamptz"}
SETTINGS = {"timezone": "Asia/Kathmandu", "datestyle": "German", "fsync": "off"}

_numbers = count()


@cache
def server() -> str:
    """A superuser's URL, as SQLAlchemy and libpq read it."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    data = folder / "data"
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", "postgres"]
    _start(folder, "initdb", "-D", data, *options).wait()
    access = data / "pg_hba.conf"
    access.write_text(f'local all "{READER}" scram-sha-256\n{access.read_text()}')
    flags = SETTINGS | {"listen_addresses": "", "unix_socket_directories": str(folder)}
    process = _start(folder, "postgres", "-D", data, *(f"--{n}={flags[n]}" for n in flags))
    atexit.register(_stop, process, folder)
    url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
    _wait_for(url)
    return url


def _start(folder: Path, program: str, *options: str | Path) -> subprocess.Popen[bytes]:
    """As the portal starts its own PostgreSQL, which refuses to run as root."""
    user = USER if os.geteuid() == 0 else ""
    return subprocess.Popen(
        [*DETACH, folder / f"{program}.pid", "", "SIGTERM", user, PROGRAMS / program, *options],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    process.wait(PATIENCE)
    shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Runs a statement as the superuser, and returns the rows that it gives."""
    connection = psycopg2.connect(server())
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def new_table(rows: Sequence[Row], name: str = "observations", **kinds: str) -> str:
    """`schema.table` of a new schema; `kinds`: the types of columns that are not the usual ones."""
    schema = f"test_{next(_numbers)}"
    table = f'{schema}."{name}"'
    kinds = KINDS | kinds
    columns = ", ".join(f"{name} {kinds.get(name, 'text')}" for name in COLUMNS)
    run(f"CREATE SCHEMA {schema}; CREATE TABLE {table} ({columns})")
    add(table, rows)
    return f"{schema}.{name}"


def add(table: str, rows: Sequence[Row]) -> None:
    lines = ("\t".join(_cell(row[name]) for name in COLUMNS) for row in rows)
    connection = psycopg2.connect(server())
    with connection, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("\n".join([*lines, ""])))
    connection.close()


def _cell(value: Any) -> str:
    """As COPY reads it."""
    if value is None:
        return r"\N"
    text = str(value).replace("\\", r"\\")
    return text.replace("\n", r"\n").replace("\r", r"\r").replace("\t", r"\t")


def sessions(where: str = "true") -> int:
    """The connections of exports."""
    return run(
        "SELECT count(*) FROM pg_stat_activity"  # noqa: S608  the test's own words
        f" WHERE application_name = 'ckanext-export' AND {where}"
    )[0][0]
