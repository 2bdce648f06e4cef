"""A Hudi table as the original system has it: a row for each home and day, a column an entity.

`python -m bench.hudi_table JSON`, in a process that has not imported CKAN: where it has, `tests`
are CKAN's.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.hudi_lakes import FIELDS, KEYS, PARTITION, column_name, observations, write_tables

from .measure import Run, answer

_TIME = "strftime(make_timestamp(epoch_us({0})), '%Y-%m-%dT%H:%M:%S.%f+00:00') AS {0}"
_SEEN = ", ".join(_TIME.format(name) if name.startswith("last_") else name for name in FIELDS)


def write_hudi(files: list[str], folder: str) -> Run:
    """Files of a lake, a day each, as one commit; an entity's observations are in order."""
    begun = time.perf_counter()
    with duckdb.connect() as engine:
        found = engine.sql(
            "SELECT DISTINCT entity_id FROM read_parquet($files) ORDER BY ALL",
            params={"files": files},
        )
        entities = [entity for (entity,) in found.fetchall()]
        columns = [(column_name(entity), observations()) for entity in entities]
        schema = pa.schema([*KEYS, *columns])
        write_tables(Path(folder), _days(engine, files, entities, schema), schema)
        rows = len(engine.read_parquet(files))
    return Run(rows, time.perf_counter() - begun)


def _days(
    engine: duckdb.DuckDBPyConnection, files: list[str], entities: list[str], schema: pa.Schema
) -> Iterator[tuple[str, pa.Table]]:
    names = ", ".join(f"'{entity}'" for entity in entities)
    fields = ", ".join(f"{name} := {name}" for name in FIELDS)
    for file in files:
        engine.read_parquet(file).create_view("day")
        wide = engine.sql(
            f"PIVOT (SELECT home, entity_id AS entity, list(struct_pack({fields})) AS seen FROM "  # noqa: S608  ours
            f"(SELECT home, {_SEEN} FROM day) GROUP BY ALL) "
            f"ON entity IN ({names}) USING first(seen) GROUP BY home ORDER BY home"
        ).to_arrow_table()
        day = date.fromisoformat(Path(file).parent.name.removeprefix("date="))
        place = dict(zip(PARTITION, (day.year, day.month, day.day), strict=True))
        own = {"uuid": wide["home"], "ts": pa.repeat(1.5, len(wide))}
        keys = own | {name: pa.repeat(number, len(wide)) for name, number in place.items()}
        seen = [wide[name].cast(observations()) for name in entities]
        table = pa.table([*keys.values(), *seen], names=schema.names)
        yield "/".join(map(str, place.values())), table.cast(schema)
        engine.execute("DROP VIEW day")


if __name__ == "__main__":
    answer(write_hudi(**json.loads(sys.argv[1])))
