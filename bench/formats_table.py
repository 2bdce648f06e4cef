"""The formats beside what people would type instead."""

from .formats import COPY, EXPORT, FRAME
from .measure import Record
from .table import NOTHING, TITLES, Table, megabytes, millions, number

_WAYS = {EXPORT: "our export", COPY: "DuckDB COPY", FRAME: "pandas"}
_WORDS = (
    "Each in a process of its own, without HTTP; a fifth of the demo lake, pandas no more than a "
    "million rows, and fewer for Excel. Ours has the privacy rules, the hashes and the zip in it. "
    "DuckDB writes with gzip, Parquet with zstd; pandas too (`to_json(lines=True)`, `to_csv`, "
    "`to_parquet`, and `to_excel` with XlsxWriter). Memory: all of the process. DuckDB and pandas "
    "may take as much as they like. The time of a process's imports is not counted."
)


def formats_table(record: Record) -> Table:
    rows = [
        [
            f"{title}, {way_title}",
            f"{record.runs[way, kind][0].rows:,}",
            number(millions(record, way, kind), 3),
            megabytes(record.largest(way, kind, "sent"), 1),
            megabytes(record.largest(way, kind, "peak")),
            NOTHING if way == EXPORT else number(record.ratio(EXPORT, [way], kind), 1),
        ]
        for kind, title in TITLES.items()
        for way, way_title in _WAYS.items()
        if (way, kind) in record.runs
    ]
    head = ["Format", "rows", "million/s", "compressed, MB", "memory, MB", "we are × as fast"]
    return Table("The formats beside other writers", head, rows, _WORDS)
