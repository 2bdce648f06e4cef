r"""A lake in PostgreSQL, beside what its user would type: `psql \copy (…) to stdout | gzip -1`.

`python -m bench.postgresql JSON` is one way in a process of its own. The two take the same rows in
the same order, that of the table.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psutil
from psycopg2 import sql

from ckanext.export.observations import COLUMNS, TIMES
from portal_stack.portal import Portal
from portal_stack.postgres import OWNER, PROGRAMS, Postgres

from . import inside
from .count import expect
from .lakes import Part
from .measure import Run, answer, fresh

_DATABASE = "export_benchmark"
_PIECE = 1 << 20
_GLANCE = 0.05  # seconds


@contextmanager
def filled(portal: Portal, part: Part, scratch: Path) -> Iterator[str]:
    """The URL of a database on the portal's server that holds the observations for a while."""
    server = portal.backing.postgres
    database = sql.Identifier(_DATABASE)
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(database)
    with server.connect() as cursor:
        cursor.execute(drop)
        owner = sql.Identifier(OWNER)
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        try:
            _load(server, part, scratch / "day.csv")
            yield server.url(_DATABASE)
        finally:
            cursor.execute(drop)


def _load(server: Postgres, part: Part, day: Path) -> None:
    kinds = {name: "timestamptz" for name in TIMES} | {"attributes": "jsonb"}
    columns = ", ".join(f"{name} {kinds.get(name, 'text')}" for name in COLUMNS)
    names = ", ".join(COLUMNS)
    with server.connect(_DATABASE) as cursor, duckdb.connect() as engine:
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        cursor.execute(f"CREATE TABLE observations ({columns})")
        for file in part.files:
            rows = engine.read_parquet(file).project(names)
            rows.write_csv(str(day), header=False)
            with day.open("rb") as data:
                cursor.copy_expert("COPY observations FROM STDIN WITH (FORMAT csv)", data)
        cursor.execute("VACUUM ANALYZE observations")
    day.unlink()


def timed(portal: Portal, way: str, url: str, part: Part, types: list[str]) -> Run:
    """One way once; its CPU time is that of both sides."""
    process = portal.backing.postgres.process()
    assert process
    before = _of_children(process.pid)
    run = fresh("bench.postgresql", way=way, url=url, types=types, rows=part.rows)
    expect(way, run.rows, part.rows)
    return replace(run, cpu=(run.cpu or 0) + _of_children(process.pid) - before)


def _of_children(pid: int) -> float:
    """Seconds of the server's connections that have ended: waits for those to the lake to end,
    as the one that filled it does a moment after it was closed."""
    server = psutil.Process(pid)
    while any(map(_counts_later, server.children())):
        time.sleep(_GLANCE)
    spent = server.cpu_times()
    return spent.children_user + spent.children_system


def _counts_later(process: psutil.Process) -> bool:
    """A connection to the lake, or one that has ended but of which the server does not know yet."""
    try:
        return _DATABASE in " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return True
    except psutil.NoSuchProcess:
        return False


def export(url: str, types: list[str], rows: int) -> Run:
    return inside.export(url, "csv")


def psql(url: str, types: list[str], rows: int) -> Run:
    wanted = ", ".join(f"'{kind}'" for kind in types)
    chosen = f"SELECT {', '.join(COLUMNS)} FROM observations WHERE type IN ({wanted})"  # noqa: S608  ours
    begun, sent = time.perf_counter(), 0
    copy = [PROGRAMS / "psql", "-X", url, "-c", rf"\copy ({chosen}) TO STDOUT CSV"]
    with (
        subprocess.Popen(copy, stdout=subprocess.PIPE) as source,
        subprocess.Popen(
            ["gzip", "-1"],  # noqa: S607  whatever gzip there is
            stdin=source.stdout,
            stdout=subprocess.PIPE,
        ) as packer,
    ):
        assert source.stdout
        assert packer.stdout
        source.stdout.close()
        while piece := packer.stdout.read(_PIECE):
            sent += len(piece)
    if source.returncode or packer.returncode:
        raise RuntimeError("psql or gzip failed")
    return Run(rows, time.perf_counter() - begun, sent=sent, cpu=inside.spent())


WAYS: dict[str, Any] = {"postgresql": export, "psql": psql}

if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    answer(WAYS[arguments.pop("way")](**arguments))
