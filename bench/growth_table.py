"""Time and memory over the number of rows."""

from .growth import WAY
from .measure import Record
from .table import Table, megabytes, millions, number

_WORDS = (
    "The demo lake as CSV, each in a process of its own, without HTTP: a hundredth, a tenth, all, "
    "and all of its files three times. Time has to grow with the rows, memory (all of the "
    "process, Python and its libraries included) must not."
)


def growth_table(record: Record) -> Table:
    rows = [
        [
            f"{record.runs[way, 'csv'][0].rows:,}",
            number(record.typical(way, "csv", "seconds")),
            number(millions(record, way, "csv")),
            number(record.largest(way, "csv", "first_byte"), 3),
            megabytes(record.largest(way, "csv", "sent"), 1),
            megabytes(record.largest(way, "csv", "peak")),
        ]
        for way in record.ways()
        if way.startswith(WAY)
    ]
    head = ["Rows", "s", "million/s", "first byte, s", "zip, MB", "memory, MB"]
    return Table("Growth", head, rows, _WORDS)
