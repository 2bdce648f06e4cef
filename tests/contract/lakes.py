"""How each kind of lake is filled for the contract. A new case joins by a line in `LAKES`."""

from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path

from sqlalchemy import Column, DateTime, MetaData, Table, Text, create_engine, insert

from ckanext.export.lake import Lake, Storage, open_lake
from ckanext.export.lake.delta import DeltaLake
from ckanext.export.lake.files import FileLake
from ckanext.export.lake.hudi import HudiLake
from ckanext.export.lake.iceberg import IcebergLake
from ckanext.export.lake.postgresql import PostgreSqlLake
from ckanext.export.lake.sql import SqlLake
from ckanext.export.lake.trino import TrinoLake
from ckanext.export.observations import COLUMNS, TIMES
from tests import postgresql
from tests.builders import Row, write_lake
from tests.hudi_lakes import hudi_lake
from tests.lake.delta_log import write_delta
from tests.lake.iceberg_log import NAME, write_iceberg
from tests.object_store import object_store
from tests.text_lakes import write_csv, write_ndjson, write_text_lake
from tests.trino_server import MARKS, ROW_BY_ROW, hive_table, iceberg_table, trino_server


def file_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(str(write_lake(folder / "lake", rows)))


def csv_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(str(write_text_lake(folder / "lake", rows, "part.csv", write_csv)))


def ndjson_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(str(write_text_lake(folder / "lake", rows, "part.jsonl.gz", write_ndjson)))


def s3_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    store = object_store()
    url = store.upload(write_lake(folder / "lake", rows))
    return open_lake(url, storage=Storage.parse(store.options))


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


def postgresql_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(postgresql.server(), table=postgresql.new_table(rows))


def _without_zone(row: Row) -> Row:
    times = {name: row[name] for name in TIMES if row[name]}
    return row | {n: time.astimezone(UTC).replace(tzinfo=None) for n, time in times.items()}


def delta_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """Two commits, so that there are several files."""
    return open_lake(write_delta(folder / "lake", rows[::2], rows[1::2]))


def iceberg_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    write_iceberg(folder, rows[::2], rows[1::2]).catalog.close()
    return open_lake(f"iceberg+sqlite:///{folder}/catalog.db", table=NAME)


def trino_iceberg_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(trino_server().url("iceberg"), table=iceberg_table(rows))


def trino_rows_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    return open_lake(trino_server().url("iceberg") + ROW_BY_ROW, table=iceberg_table(rows))


def trino_hive_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """Hive's times have no zone; they are UTC without saying so."""
    return open_lake(trino_server().url("hive"), table=hive_table(rows))


Fill = Callable[[Path, Sequence[Row]], Lake]

# A case of the contract: the kind that has to read it, and what fills it.
LAKES: dict[str, tuple[type[Lake], Fill]] = {
    "parquet folder": (FileLake, file_lake),
    "csv folder": (FileLake, csv_lake),
    "ndjson folder": (FileLake, ndjson_lake),
    "parquet in s3": (FileLake, s3_lake),
    "delta": (DeltaLake, delta_lake),
    "iceberg": (IcebergLake, iceberg_lake),
    "hudi": (HudiLake, hudi_lake),
    "sqlite": (SqlLake, sql_lake),
    "postgresql": (PostgreSqlLake, postgresql_lake),
    "trino iceberg": (TrinoLake, trino_iceberg_lake),
    "trino row by row": (TrinoLake, trino_rows_lake),
    "trino hive": (TrinoLake, trino_hive_lake),
}
# Cases that are run only when asked for, by their marks.
ASKED_FOR = dict.fromkeys([case for case in LAKES if case.startswith("trino")], MARKS)

# What a case cannot do, by name. Everything else has to work.
NO_COUNT = "inspecting does not count the observations"
NO_NUL = "no text can hold NUL"
NO_ORDER = "two passes give the same rows in whatever order they come"
GAPS: dict[str, set[str]] = {
    "csv folder": {NO_COUNT},
    "ndjson folder": {NO_COUNT},
    "hudi": {NO_COUNT},
    "sqlite": {NO_COUNT},
    "postgresql": {NO_NUL},
    "trino iceberg": {NO_ORDER},
    "trino row by row": {NO_ORDER},
    "trino hive": {NO_ORDER},
}
