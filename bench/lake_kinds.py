"""The same observations in lakes of each kind, each export beside DuckDB's `COPY` of the lake."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ckanext.export.observations import COLUMNS

from . import count, spark
from .lakes import Part
from .measure import Run, fresh

EXPORT, BY_HAND, SPARK = "lake: ", "by hand: ", "by hand: spark"
NAMES = ("folder", "delta", "iceberg", "hudi", "s3")
_TABLE = "house.observations"

Known = dict[str, Any]  # how a lake is opened


@contextmanager
def filled(part: Part, scratch: Path, say: Callable[[str], None]) -> Iterator[dict[str, Known]]:
    """Kind → what `bench.inside` has to know of such a lake that holds the part."""
    makers = {"delta": _delta, "iceberg": _iceberg, "hudi": _hudi}
    known: dict[str, Known] = {"folder": {"url": part.folder, "last_day": part.last_day}}
    for name, make in makers.items():
        say(f"Making a lake: {name}")
        known[name] = make(part, scratch / name)
    with _s3(part) as store:
        yield known | {"s3": store}


def measure(
    part: Part, known: dict[str, Known], types: list[str], scratch: Path, for_spark: Path | None
) -> Iterator[tuple[str, str, Run]]:
    """One round: way, format and run. `for_spark`: where what PySpark needs is kept."""
    for name, opened in known.items():
        run = fresh("bench.inside", kind="csv", **opened)
        count.expect(f"The export of {name}", run.rows, part.rows)
        yield EXPORT + name, "csv", run
        arguments = {"way": name, "types": types, "target": scratch / "by-hand.csv.gz"}
        if name == "folder":
            arguments |= {"way": "files", "files": part.files, "kind": "csv"}
        else:
            arguments |= opened
        run = fresh("bench.by_hand", **arguments)
        count.expect(f"DuckDB's copy of {name}", run.rows, part.rows)
        yield BY_HAND + name, "csv", run
    if for_spark:
        run = spark.copied(for_spark, known["hudi"]["url"], types, scratch / "spark")
        count.expect("PySpark's copy", run.rows, part.rows)
        yield SPARK, "csv", run


def _days(part: Part) -> Iterator[pa.Table]:
    for file in part.files:
        yield pq.ParquetFile(file).read(list(COLUMNS))


def _delta(part: Part, folder: Path) -> Known:
    """A commit a day."""
    import deltalake

    for day in _days(part):
        deltalake.write_deltalake(folder, day, mode="append")
    return {"url": f"delta+{folder.as_uri()}"}


def _iceberg(part: Part, folder: Path) -> Known:
    """A snapshot a day, in a catalog of SQLite."""
    from pyiceberg.catalog.sql import SqlCatalog

    folder.mkdir()
    uri = f"sqlite:///{folder}/catalog.db"
    catalog = SqlCatalog("default", uri=uri, warehouse=folder.as_uri())
    catalog.create_namespace(_TABLE.partition(".")[0])
    table = None
    for day in _days(part):
        table = table or catalog.create_table(_TABLE, day.schema)
        table.append(day)
    catalog.close()
    return {"url": f"iceberg+{uri}", "table": _TABLE}


def _hudi(part: Part, folder: Path) -> Known:
    fresh("bench.hudi_table", files=part.files, folder=folder)
    return {"url": f"hudi+{folder.as_uri()}"}


@contextmanager
def _s3(part: Part) -> Iterator[Known]:
    """The files in an object store in this process, which has nothing else to do meanwhile."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or it tells of each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        storage = {
            "endpoint": f"http://{host}:{port}",
            "region": "us-east-1",
            "access_key": "bench",
            "secret_key": "bench",
        }
        client = boto3.client(
            "s3",
            endpoint_url=storage["endpoint"],
            region_name=storage["region"],
            aws_access_key_id=storage["access_key"],
            aws_secret_access_key=storage["secret_key"],
        )
        client.create_bucket(Bucket="lake")
        for file in map(Path, part.files):
            client.upload_file(str(file), "lake", str(file.relative_to(part.folder)))
        yield {"url": "s3://lake", "storage": storage}
    finally:
        server.stop()
