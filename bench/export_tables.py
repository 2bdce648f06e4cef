"""The export over HTTP: its speed, its memory, and the limit that it is measured by."""

from . import targets
from .measure import FORMATS, Record
from .ours import Look
from .plan import WAYS_OF_DUCKDB, Bench
from .table import NOTHING, TITLES, Table, beside, megabytes, millions, number


def export_table(bench: Bench, lake: str, way: str) -> Table:
    rows = []
    for kind in FORMATS:
        largest = max((look for look in looks_of(bench, lake, kind)), key=lambda look: look.rows)
        target = None if lake == "varied" else targets.RATE[kind]
        cold = max(look.first_byte for look in looks_of(bench, lake, kind))
        share = bench.record.ratio(way, _limits(lake), kind)
        rows.append(
            [
                TITLES[kind],
                beside(millions(bench.record, way, kind), target, 2, "≥"),
                beside(share, None if lake == "varied" else targets.SHARE, 2, "≥"),
                beside(bench.record.largest(way, kind, "first_byte"), targets.FIRST_BYTE, 3, "≤"),
                number(cold, 3),
                megabytes(largest.text_bytes),
                megabytes(largest.zip_bytes),
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


def memory_table(bench: Bench) -> Table:
    rows = []
    for lake in _EXPORT_WORDS:
        for kind in FORMATS:
            looks = sorted(looks_of(bench, lake, kind), key=lambda look: look.rows)
            if looks:
                found = [f"{megabytes(look.growth)} ({look.rows:,} rows)" for look in looks]
                found[-1] += f" (≤ {targets.GROWTH})"
                found = found if len(found) == 2 else [NOTHING, *found]
                rows.append([f"{TITLES[kind]}, {lake} lake", *found])
    head = ["Export", "a tenth: growth, MB", "all: growth, MB"]
    return Table("Memory of the CKAN process", head, rows, _MEMORY_WORDS)


def limit_table(record: Record) -> Table:
    rows = []
    for kind in FORMATS:
        duck = [millions(record, way, kind) for way in WAYS_OF_DUCKDB]
        rows.append(
            [
                TITLES[kind],
                number(millions(record, "scan", kind)),
                number(millions(record, "compression", kind)),
                *map(number, duck),
                megabytes(record.largest("duckdb", kind, "text")),
                number(millions(record, "export", kind)),
                beside(record.ratio("export", WAYS_OF_DUCKDB, kind), targets.SHARE, 2, "≥"),
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


def looks_of(bench: Bench, lake: str, kind: str) -> list[Look]:
    return [look for look in bench.looks if (look.lake, look.format) == (lake, kind)]


def _limits(lake: str) -> list[str]:
    return [way if lake == "demo" else f"{lake} {way}" for way in WAYS_OF_DUCKDB]


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
    "repetitive": (
        "A lake as repetitive as one real house",
        "The measured house in 76 homes: 26 entities each, each with one attributes text. The "
        "targets were set on such a lake.",
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
