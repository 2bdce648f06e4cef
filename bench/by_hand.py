"""What people would type instead of an export: `python -m bench.by_hand JSON`, in a process of its
own, with the same columns and types, without the privacy rules.

DuckDB's `COPY` of whatever holds the observations, compressed (gzip; Parquet: zstd), or pandas.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from ckanext.export.lake import Storage
from ckanext.export.observations import COLUMNS, TIMES

from .inside import spent
from .measure import Run, answer, peak_memory

DUCKDB = {  # format → options of COPY
    "csv": "FORMAT csv, COMPRESSION gzip",
    "json": "FORMAT json, ARRAY true, COMPRESSION gzip",
    "jsonl": "FORMAT json, COMPRESSION gzip",
    "tsv": "FORMAT csv, DELIMITER '\t', COMPRESSION gzip",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
PANDAS: dict[str, Callable[[Any, str], None]] = {
    "jsonl": lambda frame, file: frame.to_json(
        file, orient="records", lines=True, date_format="iso", compression="gzip"
    ),
    "tsv": lambda frame, file: frame.to_csv(file, sep="\t", index=False, compression="gzip"),
    "parquet": lambda frame, file: frame.to_parquet(file, index=False, compression="zstd"),
    "xlsx": lambda frame, file: _without_zones(frame).to_excel(file, index=False),
}
_BATCH = 131_072


def pandas(files: list[str], types: list[str], kind: str, target: str) -> Run:
    import pandas as pd

    begun = time.perf_counter()
    frame = pd.concat(
        [pd.read_parquet(file, columns=list(COLUMNS)) for file in files], ignore_index=True
    )
    frame = frame[frame["type"].isin(types)]
    PANDAS[kind](frame, target)
    return _run(len(frame), begun, target)


def _without_zones(frame: Any) -> Any:
    """Excel knows none, and pandas refuses."""
    return frame.assign(**{name: frame[name].dt.tz_localize(None) for name in TIMES})


def files(files: list[str], types: list[str], kind: str, target: str) -> Run:
    begun = time.perf_counter()
    with duckdb.connect() as engine:
        return _copied(engine, engine.read_parquet(files), types, kind, target, begun)


def delta(url: str, types: list[str], target: str) -> Run:
    import deltalake

    begun = time.perf_counter()
    table = deltalake.DeltaTable(url.removeprefix("delta+"))
    return _arrow(table.to_pyarrow_dataset(), types, target, begun)


def iceberg(url: str, table: str, types: list[str], target: str) -> Run:
    from pyiceberg.catalog import load_catalog

    begun = time.perf_counter()
    catalog = load_catalog("default", type="sql", uri=url.removeprefix("iceberg+"))
    reader = catalog.load_table(table).scan().to_arrow_batch_reader()
    return _arrow(reader, types, target, begun)


def s3(url: str, storage: dict[str, str], types: list[str], target: str) -> Run:
    begun = time.perf_counter()
    system, path = Storage(**storage).filesystem(url)
    return _arrow(ds.dataset(path, filesystem=system, format="parquet"), types, target, begun)


def hudi(url: str, types: list[str], target: str) -> Run:
    """The wide table has a column for each entity, whose lists become rows."""
    from hudi import HudiTableBuilder

    begun = time.perf_counter()
    table = HudiTableBuilder.from_base_uri(url.removeprefix("hudi+")).build()
    wide = pa.Table.from_batches(table.read())
    lists = [field.name for field in wide.schema if pa.types.is_list(field.type)]
    names = ", ".join(f'"{name}"' for name in lists)
    statement = (
        "SELECT home, o.entity_id, split_part(o.entity_id, '.', 1) AS type, o.state, "  # noqa: S608  our own names
        "o.attributes::JSON ->> 'unit_of_measurement' AS unit, "
        "o.last_changed::TIMESTAMPTZ AS last_changed, o.last_updated::TIMESTAMPTZ AS last_updated, "
        f"o.attributes FROM (SELECT uuid AS home, unnest(seen) AS o FROM "
        f"(UNPIVOT wide ON {names} INTO NAME entity VALUE seen))"
    )
    with duckdb.connect() as engine:
        engine.register("wide", wide)
        return _copied(engine, engine.sql(statement), types, "csv", target, begun)


def _arrow(source: Any, types: list[str], target: str, begun: float) -> Run:
    with duckdb.connect() as engine:
        return _copied(engine, engine.from_arrow(source), types, "csv", target, begun)


def _copied(
    engine: Any, observations: Any, types: list[str], kind: str, target: str, begun: float
) -> Run:
    wanted = ", ".join(f"'{name}'" for name in types)
    engine.execute("SET TimeZone = 'UTC'")
    chosen = observations.filter(f"type IN ({wanted})").project(", ".join(COLUMNS))
    chosen.create_view("chosen")
    (rows,) = engine.execute(f"COPY chosen TO '{target}' ({DUCKDB[kind]})").fetchone()
    return _run(rows, begun, target)


def _run(rows: int, begun: float, target: str) -> Run:
    seconds = time.perf_counter() - begun
    size = Path(target).stat().st_size
    os.unlink(target)
    return Run(rows, seconds, sent=size, peak=peak_memory(), cpu=spent())


WAYS = {
    "pandas": pandas,
    "files": files,
    "delta": delta,
    "iceberg": iceberg,
    "s3": s3,
    "hudi": hudi,
}

if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    answer(WAYS[arguments.pop("way")](**arguments))
