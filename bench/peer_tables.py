"""Other ways beside ours: the peers, a lake in PostgreSQL, and the parts of the pipeline."""

from . import targets
from .export_tables import looks_of
from .measure import FORMATS, Record
from .plan import Bench
from .table import NOTHING, TITLES, Table, beside, megabytes, millions, number

PEERS = (
    ("datastore", "CKAN's DataStore dump", targets.DATASTORE),
    ("original", "The original algorithm", targets.ORIGINAL),
)


def peer_table(bench: Bench, way: str, title: str, targets: dict[str, int]) -> Table:
    record, rows = bench.record, []
    for kind in FORMATS:
        measured = record.runs[way, kind]
        grown = [look.growth for look in looks_of(bench, way, kind)]
        peak = max(grown) if grown else record.largest(way, kind, "peak")
        rows.append(
            [
                TITLES[kind],
                f"{measured[0].rows:,}",
                number(millions(record, way, kind), 3),
                number(millions(record, "export", kind)),
                beside(record.ratio("export", [way], kind), targets.get(kind), 1, "≥"),
                megabytes(peak),
            ]
        )
    head = ["Format", "rows", "million/s", "our export", "we are × as fast", "memory, MB"]
    return Table(title, head, rows, _PEER_WORDS[way])


def postgresql_table(record: Record) -> Table:
    ratio = record.ratio("postgresql", ["psql"], "csv")
    rows = [
        [
            title,
            number(millions(record, way, "csv")),
            number(record.typical(way, "csv", "cpu"), 1),
            megabytes(record.largest(way, "csv", "sent")),
            against,
        ]
        for way, title, against in (
            ("postgresql", "our export", beside(ratio, targets.PSQL, 2, "≥")),
            ("psql", "psql and gzip -1", NOTHING),
        )
    ]
    head = ["Way", "million/s", "CPU, s", "MB", "× as fast"]
    return Table("A lake in PostgreSQL, CSV", head, rows, _POSTGRESQL_WORDS)


def parts_table(bench: Bench) -> Table:
    rows = [
        [part, way, number(seconds, 3), number(seconds / ways["ours"], 1)]
        for part, ways in bench.parts.items()
        for way, seconds in ways.items()
    ]
    head = ["Part", "way", "s", "÷ ours"]
    return Table("Parts of the pipeline and what they replaced", head, rows, _PARTS_WORDS)


_PEER_WORDS = {
    "datastore": (
        "`/datastore/dump/…` of the same portal, not zipped; the same observations as our CSV, "
        "put into the table by COPY. Memory: growth of a new CKAN process, as above."
    ),
    "original": (
        "Written anew from its description: all rows in one pandas DataFrame, filtered there, "
        "`to_csv`, `to_json(orient='records')` or `to_xml`, and zip at level 9. Without its Spark "
        "part and without HTTP. Memory: all that its process had."
    ),
}
_POSTGRESQL_WORDS = (
    "The same observations in a table of the portal's PostgreSQL, as stored, without HTTP. CPU: of "
    "the server and of all that reads from it; ours has the privacy rules and the hashes in it."
)
_PARTS_WORDS = (
    "Seconds for a million observations (reading: of the lake's; times: both columns of them; "
    "rows: of CSV, their cells known), for the zip seconds for a gigabyte of CSV; one thread "
    "each, but for DuckDB."
)
