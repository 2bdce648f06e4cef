"""Writes what was measured: the page, the figures as JSON and the picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import formats, targets
from .measure import FORMATS, MB
from .picture import Bar, bars
from .plan import ASKED_FOR, EXTRAS, WAYS_OF_DUCKDB, Bench
from .table import TITLES, Table, number
from .tables import tables

PAGE, FIGURES, PICTURE = "performance.md", "performance.json", "performance.svg"


def write(bench: Bench, machine: dict[str, Any], folder: Path) -> list[Path]:
    """The three files, in a folder that is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        PAGE: page(bench, machine),
        FIGURES: json.dumps(figures(bench, machine), indent=1) + "\n",
        PICTURE: picture(bench, machine),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in texts]


def shown(table: Table) -> str:
    return f"{table.title}\n{table.text()}\n"


def page(bench: Bench, machine: dict[str, Any]) -> str:
    parts = [
        "# Performance",
        f"Made by `{_command(bench)}`, every word and figure of it: run it again rather than "
        "editing it. Targets stand in brackets.",
        _conditions(bench, machine),
        f"![Observations a second]({PICTURE})",
    ]
    for table in tables(bench):
        parts += [f"## {table.title}", table.text(), table.notes]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    parts += ["## Versions", f"{versions}.", f"All runs one by one: [{FIGURES}]({FIGURES})."]
    return "\n\n".join(parts) + "\n"


def _command(bench: Bench) -> str:
    measured = [name for name in EXTRAS if name in bench.extras]
    also = [name for name in ASKED_FOR if name in bench.extras]
    only = "" if len(measured) == len(EXTRAS) else f" --only {','.join(measured) or 'export'}"
    extra = f" --also {','.join(also)}" if also else ""
    return f"./portal bench --repeat {bench.repeat}{only}{extra} --output docs"


def _conditions(bench: Bench, machine: dict[str, Any]) -> str:
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}; load before the run "
        f"{machine['load_before']}. Demo lake with {bench.demo.whole.rows:,} observations for "
        f"export. {_rounds(bench.repeat)} What comes over HTTP, and its peers, were checked to "
        "hold the same rows before they were timed; the others counted theirs."
    )


def _rounds(repeat: int) -> str:
    if repeat == 1:
        return "Every way was timed once, beside those that it is compared with."
    return (
        f"Rates are medians of {repeat} rounds in which the ways take turns; ratios are medians of "
        "the rounds' ratios, so they are not the ratios of the rates beside them."
    )


def figures(bench: Bench, machine: dict[str, Any]) -> dict[str, Any]:
    """What was measured, with the targets; sizes in bytes, times in seconds."""
    record = bench.record
    ratios = {
        name: {kind: record.ratio("export", ways, kind) for kind in FORMATS}
        for name, ways in {
            "limit": list(WAYS_OF_DUCKDB),
            "datastore": ["datastore"],
            "original": ["original"],
        }.items()
    } | {
        way: {kind: record.ratio(formats.EXPORT, [way], kind) for kind in TITLES}
        for way in (formats.COPY, formats.FRAME)
    }
    return {
        "machine": machine,
        "rows": bench.demo.whole.rows,
        "repeat": bench.repeat,
        "targets": {
            "rate": {kind: value * MB for kind, value in targets.RATE.items()},
            "limit": targets.SHARE,
            "datastore": targets.DATASTORE,
            "original": targets.ORIGINAL,
            "first_byte": targets.FIRST_BYTE,
            "growth": targets.GROWTH * MB,
        },
        "rates": {
            way: {kind: rate for kind in TITLES if (rate := record.rate(way, kind))}
            for way in record.ways()
        },
        "ratios": ratios,
        "first_exports": [vars(look) for look in bench.looks],
        "parts": bench.parts,
        "runs": record.as_dict(),
    }


def picture(bench: Bench, machine: dict[str, Any]) -> str:
    groups = [(TITLES[kind], _group(bench, kind, "export", _BARS)) for kind in FORMATS]
    groups += [
        (TITLES[kind], _group(bench, kind, formats.EXPORT, _FORMAT_BARS))
        for kind in TITLES
        if kind not in FORMATS and (formats.EXPORT, kind) in bench.record.runs
    ]
    below = (
        f"{bench.demo.whole.rows:,} observations, {machine['processor']}, {machine['cores']} "
        f"cores, {machine['date']}, medians of {bench.repeat}; longer is faster"
    )
    return bars("Observations a second, millions", below, groups)


_BARS = (
    ("export", "ours", "this export, over HTTP"),
    ("varied", "ours", "… without repetition"),
    ("duckdb", "limit", "limit: DuckDB + isal"),
    ("datastore", "peer", "DataStore dump, no zip"),
    ("original", "peer", "original algorithm"),
)
_FORMAT_BARS = (
    (formats.EXPORT, "ours", "this export, no HTTP"),
    (formats.COPY, "peer", "DuckDB COPY"),
    (formats.FRAME, "peer", "pandas"),
)


def _group(bench: Bench, kind: str, ours: str, bars: Sequence[tuple[str, str, str]]) -> list[Bar]:
    found: list[Bar] = []
    for way, colour, name in bars:
        ways = list(WAYS_OF_DUCKDB) if way == "duckdb" else [way]
        rates = [rate for each in ways if (rate := bench.record.rate(each, kind))]
        if not rates:
            continue
        words = number(max(rates) / MB, 2 if max(rates) >= 0.1 * MB else 3)
        ratio = bench.record.ratio(ours, ways, kind)
        if colour != "ours" and ratio:
            words += f"  (ours is {number(ratio, 2 if colour == 'limit' or ratio < 10 else 0)} ×)"
        found.append((name, colour, max(rates) / MB, words))
    return found
