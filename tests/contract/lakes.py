"""How each kind of lake is filled for the contract. A new case joins by a line in `LAKES`."""

from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path

import deltalake
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import Column, DateTime, MetaData, Table, Text, create_engine, insert

from ckanext.export.lake import Lake, open_lake
from ckanext.export.lake.delta import DeltaLake
from ckanext.export.lake.files import FileLake
from ckanext.export.lake.iceberg import IcebergLake
from ckanext.export.lake.sql import SqlLake
from ckanext.export.observations import COLUMNS, TIMES
from tests.builders import LAKE_SCHEMA, Row, write_lake


def file_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(str(write_lake(folder / "lake", rows)))


def sql_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """SQLite, which has neither zones nor servers: its times are UTC without saying so."""
    url = f"sqlite:///{folder / 'lake.sqlite'}"
    kinds = [Column(name, DateTime if name in TIMES else Text) for name in COLUMNS]
    table = Table("observations", MetaData(), *kinds)
    engine = create_engine(url)
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [_without_zone(row) for row in rows])
    engine.dispose()
    return open_lake(url)


def _without_zone(row: Row) -> Row:
    times = {name: row[name] for name in TIMES if row[name]}
    return row | {n: time.astimezone(UTC).replace(tzinfo=None) for n, time in times.items()}


def delta_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """Two commits, so that there are several files."""
    for part in (rows[::2], rows[1::2]):
        table = pa.Table.from_pylist(list(part), LAKE_SCHEMA)
        deltalake.write_deltalake(folder / "lake", table, mode="append")
    return open_lake(f"delta+{(folder / 'lake').as_uri()}")


def iceberg_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """Two appends to a table in a catalog that is a SQLite database."""
    database = folder / "catalog.db"
    catalog = SqlCatalog("default", uri=f"sqlite:///{database}", warehouse=folder.as_uri())
    catalog.create_namespace("house")
    table = catalog.create_table("house.observations", LAKE_SCHEMA)
    for part in (rows[::2], rows[1::2]):
        table.append(pa.Table.from_pylist(list(part), LAKE_SCHEMA))
    catalog.close()
    return open_lake(f"iceberg+sqlite:///{database}", table="house.observations")


Fill = Callable[[Path, Sequence[Row]], Lake]

# A case of the contract: the kind that has to read it, and what fills it.
LAKES: dict[str, tuple[type[Lake], Fill]] = {
    "parquet folder": (FileLake, file_lake),
    "delta": (DeltaLake, delta_lake),
    "iceberg": (IcebergLake, iceberg_lake),
    "sqlite": (SqlLake, sql_lake),
}

# What a case cannot do, by name. Everything else has to work.
NO_COUNT = "inspecting does not count the observations"
GAPS: dict[str, set[str]] = {"sqlite": {NO_COUNT}}
