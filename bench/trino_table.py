"""The ways to read a lake behind Trino, side by side."""

from . import targets
from .measure import Record
from .table import Table, beside, megabytes, millions, number

_TRINO_WORDS = (
    "An Iceberg table of the demo lake's own files; Trino (one node, 1 GB), its object store and "
    "the export share the machine. Plain cursor: the rows of the driver, of which nothing is "
    "made. The exports write a zip; `export` is the way that is taken: spooled segments. "
    "Unloaded: Trino writes Parquet first, which the export then reads. Memory: all of the "
    "client's process."
)


def trino_table(record: Record) -> Table:
    ways = [way for way in record.ways() if way.startswith("trino")]
    rows = []
    for way in ways:
        rows.append(
            [
                way.removeprefix("trino, "),
                f"{record.runs[way, 'csv'][0].rows:,}",
                beside(
                    millions(record, way, "csv"), targets.TRINO if way == ways[-1] else None, 3, "≥"
                ),
                number(record.ratio(way, [ways[0]], "csv"), 1),
                number(record.typical(way, "csv", "first_byte"), 1),
                megabytes(record.largest(way, "csv", "peak")),
            ]
        )
    head = ["Way", "rows", "million/s", "× the cursor", "first byte, s", "memory, MB"]
    return Table("A lake behind Trino, as CSV", head, rows, _TRINO_WORDS)
