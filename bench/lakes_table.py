"""The kinds of lake beside DuckDB's copy of each."""

from .lake_kinds import BY_HAND, EXPORT, NAMES, SPARK
from .measure import Record
from .table import Table, megabytes, millions, number

_TITLES = {
    "folder": "Parquet in a folder",
    "delta": "Delta",
    "iceberg": "Iceberg",
    "hudi": "Hudi, the wide table",
    "s3": "Parquet in S3",
}
_WORDS = (
    "A fifth of the demo lake in each, exported as CSV in a process of its own, without HTTP. By "
    "hand: DuckDB's `COPY` to a gzip file of what holds the rows: `read_parquet`, deltalake's "
    "dataset, pyiceberg's batches, hudi-rs' table with its lists made rows, or pyarrow's dataset "
    "in S3; without the privacy rules and the hashes. Delta and Iceberg have a commit a day. S3 "
    "is moto's server on the same machine, which shares its cores. PySpark, where asked "
    "for, writes gzipped CSV from all cores; its start does not count. Memory: all of the process."
)


def lakes_table(record: Record) -> Table:
    rows = [_row(record, _TITLES[name], name, BY_HAND + name) for name in NAMES]
    if (SPARK, "csv") in record.runs:
        rows.append(_row(record, "Hudi, by hand PySpark", "hudi", SPARK))
    head = [
        "Lake",
        "rows",
        "million/s",
        "× a folder",
        "first byte, s",
        "memory, MB",
        "by hand",
        "memory, MB",
        "we are × as fast",
    ]
    return Table("The kinds of lake, as CSV", head, rows, _WORDS)


def _row(record: Record, title: str, name: str, by_hand: str) -> list[str]:
    return [
        title,
        f"{record.runs[EXPORT + name, 'csv'][0].rows:,}",
        number(millions(record, EXPORT + name, "csv")),
        number(record.ratio(EXPORT + name, [EXPORT + "folder"], "csv")),
        number(record.typical(EXPORT + name, "csv", "first_byte"), 3),
        megabytes(record.largest(EXPORT + name, "csv", "peak")),
        number(millions(record, by_hand, "csv")),
        megabytes(record.largest(by_hand, "csv", "peak")),
        number(record.ratio(EXPORT + name, [by_hand], "csv"), 1),
    ]
