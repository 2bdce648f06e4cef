"""Small Hudi tables, written by hand: copy on write, table version 6, a file per partition and
commit. `tests/lake/hudi_tables.py` has Hudi itself write tables; these are for what they lack."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ckanext.export.lake import Lake, open_lake
from ckanext.export.observations import COLUMNS

Row = dict[str, Any]

INSTANT = "20220701120000000"
PARTITION = ("path_year", "path_month", "path_day")
FIELDS = ("entity_id", "last_changed", "last_updated", "state", "attributes")
_PROPERTIES = {
    "hoodie.table.name": "hudi_ingestion",
    "hoodie.table.type": "COPY_ON_WRITE",
    "hoodie.table.version": "6",
    "hoodie.timeline.layout.version": "1",
    "hoodie.table.base.file.format": "PARQUET",
    "hoodie.table.recordkey.fields": "uuid",
    "hoodie.table.precombine.field": "ts",
    "hoodie.table.partition.fields": ",".join(PARTITION),
    "hoodie.table.keygenerator.class": "org.apache.hudi.keygen.ComplexKeyGenerator",
    "hoodie.populate.meta.fields": "true",
    "hoodie.datasource.write.drop.partition.columns": "false",
    "hoodie.datasource.write.hive_style_partitioning": "false",
    "hoodie.table.timeline.timezone": "LOCAL",
}

KEYS = (
    ("uuid", pa.string()),
    ("ts", pa.float64()),
    *((name, pa.int64()) for name in PARTITION),
)


def observations(*fields: str) -> pa.DataType:
    """The type of an entity's column."""
    return pa.list_(pa.struct([(name, pa.string()) for name in fields or FIELDS]))


def upload(home: str | None, day: date, **columns: Any) -> Row:
    """A row of the wide table: what a home uploaded on a day."""
    names = dict(zip(PARTITION, (day.year, day.month, day.day), strict=True))
    return {"uuid": home, "ts": 1.5, **names, **columns}


def write_commit(
    folder: Path,
    uploads: Iterable[Row],
    columns: Mapping[str, pa.DataType],
    instant: str = INSTANT,
    **properties: str,
) -> Path:
    """A commit of new rows; the first one makes the table. `columns`: all that the table has but
    its keys; `properties`: those that are not as usual, without `hoodie.` and with `__` for dots.
    """
    schema = pa.schema([*KEYS, *columns.items()])
    partition = properties.get("table__partition__fields", ",".join(PARTITION)).split(",")
    files: dict[str, list[Row]] = {}
    for row in uploads:
        files.setdefault("/".join(str(row[name]) for name in partition if name), []).append(row)
    tables = ((path, pa.Table.from_pylist(rows, schema)) for path, rows in files.items())
    return write_tables(folder, tables, schema, instant, **properties)


def write_tables(
    folder: Path,
    tables: Iterable[tuple[str, pa.Table]],
    schema: pa.Schema,
    instant: str = INSTANT,
    **properties: str,
) -> Path:
    """The same of whole tables, each with the path of its partition; `schema` is that of all."""
    written = {path: [_write_file(folder, path, rows, instant)] for path, rows in tables}
    told = _PROPERTIES | {
        f"hoodie.{name.replace('__', '.')}": value for name, value in properties.items()
    }
    timeline = folder / ".hoodie"
    timeline.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}\n" for name, value in told.items()]
    (timeline / "hoodie.properties").write_text("".join(lines))
    for name in (f"{instant}.commit.requested", f"{instant}.inflight"):
        (timeline / name).touch()
    avro = json.dumps(_avro("hudi_ingestion_record", schema))
    commit = {"partitionToWriteStats": written, "extraMetadata": {"schema": avro}}
    (timeline / f"{instant}.commit").write_text(json.dumps(commit | {"operationType": "UPSERT"}))
    return folder


def hudi_lake(folder: Path, rows: Sequence[Row]) -> Lake:
    """Canonical observations, uploaded on their day. Their structs have type and unit, too."""
    names = tuple(name for name in COLUMNS if name != "home")
    uploads: dict[tuple[str | None, date], Row] = {}
    for row in rows:
        time: datetime | None = row["last_updated"]
        day = time.astimezone(UTC).date() if time else date(2022, 6, 20)
        cell = {name: row[name] for name in names}
        for name in ("last_changed", "last_updated"):
            cell[name] = row[name].isoformat() if row[name] else None
        home = row["home"]
        wide = uploads.setdefault((home, day), upload(home, day))
        wide.setdefault(column_name(row["entity_id"]), []).append(cell)
    columns = {column_name(row["entity_id"]): observations(*names) for row in rows}
    write_commit(folder / "hudi", uploads.values(), columns)
    return open_lake(f"hudi+file://{folder}/hudi")


def column_name(entity_id: str) -> str:
    return "".join("_" if sign in "{}." else sign for sign in entity_id)


_META = ("commit_time", "commit_seqno", "record_key", "partition_path", "file_name")


def _write_file(folder: Path, partition: str, rows: pa.Table, instant: str) -> dict[str, Any]:
    group = f"{uuid.uuid5(uuid.NAMESPACE_OID, partition + instant)}-0"
    name = f"{group}_0-1-1_{instant}.parquet"
    meta = [
        (instant, f"{instant}_0_{number}", f"uuid:{home}", partition, name)
        for number, home in enumerate(rows["uuid"].to_pylist())
    ]
    own = [pa.array([told[place] for told in meta], pa.string()) for place, _ in enumerate(_META)]
    names = [f"_hoodie_{column}" for column in _META]
    path = folder / partition / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table([*own, *rows.columns], names=[*names, *rows.column_names]), path)
    told = f"commitTime={instant}\npartitionDepth={len(PARTITION)}\n"
    (path.parent / ".hoodie_partition_metadata").write_text(told)
    size = path.stat().st_size
    return {
        "fileId": group,
        "path": f"{partition}/{name}",
        "prevCommit": "null",
        "numWrites": len(rows),
        "numInserts": len(rows),
        "totalWriteBytes": size,
        "fileSizeInBytes": size,
        "partitionPath": partition,
    }


_SIMPLE = {pa.string(): "string", pa.float64(): "double", pa.int64(): "long"}


def _avro(name: str, fields: Iterable[pa.Field]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [
            {"name": f.name, "type": ["null", _avro_type(f.name, f.type)], "default": None}
            for f in fields
        ],
    }


def _avro_type(name: str, kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return {"type": "array", "items": ["null", _avro_type(name, kind.value_type)]}
    return _avro(name, list(kind)) if pa.types.is_struct(kind) else _SIMPLE[kind]
