"""Iceberg tables for tests, and the commits that only other engines write."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.table import Table
from pyiceberg.table.name_mapping import create_mapping_from_schema
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.update import AddSnapshotUpdate, SetSnapshotRefUpdate
from pyiceberg.typedef import Record

from tests.builders import LAKE_SCHEMA, Row

NAME = "house.observations"
_PLACES = pa.schema(
    [
        pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
        pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"}),
    ]
)


def write_iceberg(
    folder: Path,
    *commits: Sequence[Row],
    schema: pa.Schema = LAKE_SCHEMA,
    prepare: Callable[[Table], Any] = lambda table: None,
    **properties: str,
) -> Table:
    """A table in the SQLite catalog `catalog.db` of the folder, with these appends."""
    database = folder / "catalog.db"
    folder.mkdir(exist_ok=True)
    options = {"warehouse": f"file://{folder}"} | properties
    catalog = SqlCatalog("default", uri=f"sqlite:///{database}", **options)
    if not catalog.table_exists(NAME):
        catalog.create_namespace("house")
        prepare(catalog.create_table(NAME, schema))
    table = catalog.load_table(NAME)
    for rows in commits:
        table.append(pa.Table.from_pylist(list(rows), schema))
    return table


def data_files(table: Table) -> list[str]:
    """The URLs of the current data files, in the order of their names."""
    return sorted(table.inspect.files()["file_path"].to_pylist())


def delete_rows(table: Table, deleted: Mapping[str, Sequence[int]]) -> None:
    """A commit with one file of positional deletes, for rows of several data files."""
    places = [(path, row) for path, rows in sorted(deleted.items()) for row in rows]
    told = pa.table(list(zip(*places, strict=True)), schema=_PLACES)
    path = f"{table.location()}/data/deletes-{len(table.metadata.snapshots)}.parquet"
    with table.io.new_output(path).create() as file:
        pq.write_table(told, file)
    _commit(table, _file(table.io, path, len(places), DataFileContent.POSITION_DELETES))


def delete_equal_rows(table: Table, column: str, values: Sequence[str]) -> None:
    """A commit that deletes the rows in which a column has one of these values."""
    number = table.schema().find_field(column).field_id
    field = pa.field(column, pa.string(), True, {"PARQUET:field_id": str(number)})
    path = f"{table.location()}/data/equal.parquet"
    with table.io.new_output(path).create() as file:
        pq.write_table(pa.table([values], schema=pa.schema([field])), file)
    kind = DataFileContent.EQUALITY_DELETES
    _commit(table, _file(table.io, path, len(values), kind, equality_ids=[number]))


def add_file(table: Table, path: Path, partition: Record) -> None:
    """A commit with a file from before the table: no ids, and the partition in no column."""
    mapping = create_mapping_from_schema(table.schema()).model_dump_json()
    with table.transaction() as change:
        change.set_properties({"schema.name-mapping.default": mapping})
    rows = pq.read_metadata(path).num_rows
    added = _file(table.io, f"file://{path}", rows, DataFileContent.DATA, partition=partition)
    _commit(table, added, ManifestWriterV2)


def _file(io: FileIO, path: str, rows: int, content: DataFileContent, **more: Any) -> DataFile:
    return DataFile.from_args(
        content=content,
        file_path=path,
        file_format=FileFormat.PARQUET,
        record_count=rows,
        file_size_in_bytes=len(io.new_input(path)),
        **({"partition": Record()} | more),
    )


class _Deletes(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return super()._meta | {"content": "deletes"}


def _commit(table: Table, file: DataFile, writer: type[ManifestWriterV2] = _Deletes) -> None:
    current = table.current_snapshot()
    before = current.manifests(table.io) if current else []
    number, snapshot = table.metadata.next_sequence_number(), table.metadata.new_snapshot_id()
    manifests = [*before, _manifest(table, file, snapshot, writer)]
    path = f"{table.location()}/metadata/snap-{snapshot}.avro"
    output = table.io.new_output(path)
    parent = current.snapshot_id if current else None
    with write_manifest_list(2, output, snapshot, parent, number, "null") as manifest_list:
        manifest_list.add_manifests(manifests)
    added = Snapshot(
        snapshot_id=snapshot,
        parent_snapshot_id=parent,
        sequence_number=number,
        manifest_list=path,
        summary=Summary(Operation.OVERWRITE),
        schema_id=table.metadata.current_schema_id,
    )
    branch = SetSnapshotRefUpdate(snapshot_id=snapshot, ref_name="main", type="branch")
    table.catalog.commit_table(table, (), (AddSnapshotUpdate(snapshot=added), branch))
    table.refresh()


def _manifest(
    table: Table, file: DataFile, snapshot: int, writer: type[ManifestWriterV2]
) -> ManifestFile:
    output = table.io.new_output(f"{table.location()}/metadata/{snapshot}-m0.avro")
    with writer(table.spec(), table.schema(), output, snapshot, "null") as manifest:
        status = ManifestEntryStatus.ADDED
        entry = ManifestEntry.from_args(status=status, snapshot_id=snapshot, data_file=file)
        manifest.add_entry(entry)
    return manifest.to_manifest_file()
