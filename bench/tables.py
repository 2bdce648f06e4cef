"""The figures as tables, with the targets beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from .measure import FORMATS, MB, Record
from .ours import Look
from .plan import WAYS_OF_DUCKDB, Bench

TITLES = {"csv": "CSV", "json": "JSON", "xml": "XML"}
TARGET_RATE = {"csv": 2.0, "json": 1.6, "xml": 1.6}  # million observations/s
TARGET_SHARE = 0.6
TARGET_DATASTORE = {"csv": 6, "json": 18, "xml": 40}  # times as fast
TARGET_ORIGINAL = {"csv": 15}
TARGET_PSQL = 1.3  # times as fast
TARGET_TRINO = 0.3
TARGET_PRIVACY = 0.8  # of the rate without the rules
TARGET_FIRST_BYTE = 0.5  # seconds
TARGET_GROWTH = 350  # MB

NOTHING = "-"


@dataclass(frozen=True)
class Table:
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: str

    def text(self) -> str:
        """The table as aligned Markdown."""
        cells = [self.head, *self.rows]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.head))]
        lines = ["| " + " | ".join(_fit(row, widths)) + " |" for row in cells]
        rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
        return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _fit(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0])] + [
        cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
    ]


def tables(bench: Bench) -> list[Table]:
    """Those that something was measured for."""
    found = [_export(bench, "demo", "export"), _memory(bench)]
    ways = bench.record.ways()
    if "duckdb" in ways:
        found.append(_limit(bench.record))
    found += [_peer(bench, *peer) for peer in _PEERS if peer[0] in ways]
    if "varied" in ways:
        found.append(_export(bench, "varied", "varied"))
    if "postgresql" in ways:
        found.append(_postgresql(bench.record))
    if bench.parts:
        found.append(_parts(bench))
    if any(way.startswith("trino") for way in ways):
        found.append(_trino(bench.record))
    if "privacy on" in ways:
        found.append(_privacy(bench.record))
    return found


def number(value: float | None, digits: int = 2) -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}"


def _beside(value: float | None, target: float | None, digits: int, sign: str) -> str:
    found = number(value, digits)
    return f"{found} ({sign} {target:g})" if target is not None else found


def _export(bench: Bench, lake: str, way: str) -> Table:
    rows = []
    for kind in FORMATS:
        largest = max((look for look in _looks(bench, lake, kind)), key=lambda look: look.rows)
        target = TARGET_RATE[kind] if lake == "demo" else None
        cold = max(look.first_byte for look in _looks(bench, lake, kind))
        share = bench.record.ratio(way, _limits(lake), kind)
        rows.append(
            [
                TITLES[kind],
                _beside(_millions(bench.record, way, kind), target, 2, "≥"),
                _beside(share, TARGET_SHARE if lake == "demo" else None, 2, "≥"),
                _beside(bench.record.largest(way, kind, "first_byte"), TARGET_FIRST_BYTE, 3, "≤"),
                number(cold, 3),
                number(largest.text_bytes / MB, 0),
                number(largest.zip_bytes / MB, 0),
            ]
        )
    head = [
        "Format",
        "million/s",
        "share of limit",
        "first byte, s",
        "in a new process, s",
        "text, MB",
        "zip, MB",
    ]
    title, notes = _EXPORT_WORDS[lake]
    return Table(title, head, rows, notes)


def _memory(bench: Bench) -> Table:
    rows = []
    for lake in ("demo", "varied"):
        for kind in FORMATS:
            looks = sorted(_looks(bench, lake, kind), key=lambda look: look.rows)
            if looks:
                found = [f"{number(look.growth / MB, 0)} ({look.rows:,} rows)" for look in looks]
                found[-1] += f" (≤ {TARGET_GROWTH})"
                found = found if len(found) == 2 else [NOTHING, *found]
                rows.append([f"{TITLES[kind]}, {lake} lake", *found])
    head = ["Export", "a tenth: growth, MB", "all: growth, MB"]
    return Table("Memory of the CKAN process", head, rows, _MEMORY_WORDS)


def _limit(record: Record) -> Table:
    rows = []
    for kind in FORMATS:
        duck = [_millions(record, way, kind) for way in WAYS_OF_DUCKDB]
        rows.append(
            [
                TITLES[kind],
                number(_millions(record, "scan", kind)),
                number(_millions(record, "compression", kind)),
                *map(number, duck),
                number((record.largest("duckdb", kind, "text") or 0) / MB, 0),
                number(_millions(record, "export", kind)),
                _beside(record.ratio("export", WAYS_OF_DUCKDB, kind), TARGET_SHARE, 2, "≥"),
            ]
        )
    head = [
        "Format",
        "scan alone",
        "compression alone",
        "DuckDB + isal, in turn",
        "at once",
        "text, MB",
        "our export",
        "our share",
    ]
    return Table("The limit, million observations/s", head, rows, _LIMIT_WORDS)


_PEERS = (
    ("datastore", "CKAN's DataStore dump", TARGET_DATASTORE),
    ("original", "The original algorithm", TARGET_ORIGINAL),
)


def _peer(bench: Bench, way: str, title: str, targets: dict[str, int]) -> Table:
    record, rows = bench.record, []
    for kind in FORMATS:
        measured = record.runs[way, kind]
        grown = [look.growth for look in _looks(bench, way, kind)]
        peak = max(grown) if grown else record.largest(way, kind, "peak")
        rows.append(
            [
                TITLES[kind],
                f"{measured[0].rows:,}",
                number(_millions(record, way, kind), 3),
                number(_millions(record, "export", kind)),
                _beside(record.ratio("export", [way], kind), targets.get(kind), 1, "≥"),
                number(peak / MB if peak is not None else None, 0),
            ]
        )
    head = ["Format", "rows", "million/s", "our export", "we are × as fast", "memory, MB"]
    return Table(title, head, rows, _PEER_WORDS[way])


def _postgresql(record: Record) -> Table:
    ratio = record.ratio("postgresql", ["psql"], "csv")
    rows = [
        [
            title,
            number(_millions(record, way, "csv")),
            number(record.typical(way, "csv", "cpu"), 1),
            number((record.largest(way, "csv", "sent") or 0) / MB, 0),
            against,
        ]
        for way, title, against in (
            ("postgresql", "our export", _beside(ratio, TARGET_PSQL, 2, "≥")),
            ("psql", "psql and gzip -1", NOTHING),
        )
    ]
    head = ["Way", "million/s", "CPU, s", "MB", "× as fast"]
    return Table("A lake in PostgreSQL, CSV", head, rows, _POSTGRESQL_WORDS)


def _trino(record: Record) -> Table:
    ways = [way for way in record.ways() if way.startswith("trino")]
    rows = []
    for way in ways:
        peak = record.largest(way, "csv", "peak")
        rows.append(
            [
                way.removeprefix("trino, "),
                f"{record.runs[way, 'csv'][0].rows:,}",
                _beside(
                    _millions(record, way, "csv"), TARGET_TRINO if way == ways[-1] else None, 3, "≥"
                ),
                number(record.ratio(way, [ways[0]], "csv"), 1),
                number(record.typical(way, "csv", "first_byte"), 1),
                number(peak / MB if peak is not None else None, 0),
            ]
        )
    head = ["Way", "rows", "million/s", "× the cursor", "first byte, s", "memory, MB"]
    return Table("A lake behind Trino, as CSV", head, rows, _TRINO_WORDS)


def _privacy(record: Record) -> Table:
    rows = [
        [
            TITLES[kind],
            number(_millions(record, "privacy on", kind)),
            number(_millions(record, "privacy off", kind)),
            _beside(record.ratio("privacy on", ["privacy off"], kind), TARGET_PRIVACY, 2, "≥"),
            number(record.typical("privacy on", kind, "cpu"), 1),
            number(record.typical("privacy off", kind, "cpu"), 1),
        ]
        for kind in FORMATS
    ]
    head = ["Format", "million/s", "without the rules", "ratio", "CPU, s", "CPU without, s"]
    return Table("What the privacy rules cost", head, rows, _PRIVACY_WORDS)


def _parts(bench: Bench) -> Table:
    rows = [
        [part, way, number(seconds, 3), number(seconds / ways["ours"], 1)]
        for part, ways in bench.parts.items()
        for way, seconds in ways.items()
    ]
    head = ["Part", "way", "s", "÷ ours"]
    return Table("Parts of the pipeline and what they replaced", head, rows, _PARTS_WORDS)


def _looks(bench: Bench, lake: str, kind: str) -> list[Look]:
    return [look for look in bench.looks if (look.lake, look.format) == (lake, kind)]


def _limits(lake: str) -> list[str]:
    return [way if lake == "demo" else f"varied {way}" for way in WAYS_OF_DUCKDB]


def _millions(record: Record, way: str, kind: str) -> float | None:
    rate = record.rate(way, kind)
    return None if rate is None else rate / MB


_EXPORT_WORDS = {
    "demo": (
        "The export over HTTP, demo lake",
        "The whole lake, all 8 columns, from the running portal (gunicorn, one process): scan, "
        "privacy, encoding, SHA-256, zip, HTTP, read by a client that keeps nothing. Text is the "
        "data file in the zip. First byte: the slowest of the timed runs, from the first packet "
        "sent to the first byte of the body; in a new process nothing had been exported before.",
    ),
    "varied": (
        "The floor: a lake without repetition",
        "10,000 entities, and every attributes text is different, also after the privacy rules: "
        "nothing is gained by looking at distinct values. A fifth of the lake is timed; text and "
        "zip are of all of it.",
    ),
}
_MEMORY_WORDS = (
    "The most resident memory (VmHWM) while a new process makes its first export, less what the "
    "process had before it (VmRSS). It must not follow the number of rows."
)
_LIMIT_WORDS = (
    "Each in a process of its own. Scan alone: the lake's columns read as the export does. "
    "Compression alone: isal at level 1 on what the export wrote, held in memory. DuckDB + isal: "
    "a plain query that renders the same rows (no privacy, so its texts are longer, no hash, no "
    "zip, no HTTP), compressed into nothing, in one thread or in one of its own. That is the "
    "fastest whole way we know, so it is the limit: in each round our share is of the faster one."
)
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
_PRIVACY_WORDS = (
    "The whole lake to a zip in a process of its own, without HTTP, under the default rules and "
    "with a stand-in that lets every column leave as it is, so that it also writes more."
)
_TRINO_WORDS = (
    "An Iceberg table of the demo lake's own files; Trino (one node, 1 GB), its object store and "
    "the export share the machine. Plain cursor: the rows of the driver, of which nothing is "
    "made. The exports write a zip; `export` is the way that is taken: spooled segments. "
    "Unloaded: Trino writes Parquet first, which the export then reads. Memory: all of the "
    "client's process."
)
_PARTS_WORDS = (
    "Seconds for a million observations (reading: of the lake's; times: both columns of them; "
    "rows: of CSV, their cells known), for compression seconds for a gigabyte of CSV; one thread "
    "each, but for DuckDB."
)
