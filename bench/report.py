"""Writes what was measured: the page, the figures as JSON and the picture."""

import json
from pathlib import Path
from typing import Any

from .measure import FORMATS, MB
from .picture import Bar, bars
from .plan import WAYS_OF_DUCKDB, Bench
from .tables import (
    TARGET_DATASTORE,
    TARGET_FIRST_BYTE,
    TARGET_GROWTH,
    TARGET_ORIGINAL,
    TARGET_RATE,
    TARGET_SHARE,
    TITLES,
    Table,
    number,
    tables,
)

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
        "Made by `./portal bench --output docs`, every word and figure of it: run it again rather "
        "than editing it. Targets stand in brackets.",
        _conditions(bench, machine),
        f"![Observations a second]({PICTURE})",
    ]
    for table in tables(bench):
        parts += [f"## {table.title}", table.text(), table.notes]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    parts += ["## Versions", f"{versions}.", f"All runs one by one: [{FIGURES}]({FIGURES})."]
    return "\n\n".join(parts) + "\n"


def _conditions(bench: Bench, machine: dict[str, Any]) -> str:
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}; load before the run "
        f"{machine['load_before']}. Demo lake with {bench.demo.whole.rows:,} observations for "
        f"export. Rates are medians of {bench.repeat} rounds in which the ways take turns; ratios "
        "are medians of the rounds' ratios, so they are not the ratios of the rates beside them. "
        "Everything was checked to hold the same rows before it was timed."
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
    }
    return {
        "machine": machine,
        "rows": bench.demo.whole.rows,
        "repeat": bench.repeat,
        "targets": {
            "rate": {kind: value * MB for kind, value in TARGET_RATE.items()},
            "limit": TARGET_SHARE,
            "datastore": TARGET_DATASTORE,
            "original": TARGET_ORIGINAL,
            "first_byte": TARGET_FIRST_BYTE,
            "growth": TARGET_GROWTH * MB,
        },
        "rates": {
            way: {kind: rate for kind in FORMATS if (rate := record.rate(way, kind))}
            for way in record.ways()
        },
        "ratios": ratios,
        "first_exports": [vars(look) for look in bench.looks],
        "parts": bench.parts,
        "runs": record.as_dict(),
    }


def picture(bench: Bench, machine: dict[str, Any]) -> str:
    groups = [(TITLES[kind], list(_group(bench, kind))) for kind in FORMATS]
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


def _group(bench: Bench, kind: str) -> list[Bar]:
    found: list[Bar] = []
    for way, colour, name in _BARS:
        ways = list(WAYS_OF_DUCKDB) if way == "duckdb" else [way]
        rates = [rate for each in ways if (rate := bench.record.rate(each, kind))]
        if not rates:
            continue
        words = number(max(rates) / MB, 2 if max(rates) >= 0.1 * MB else 3)
        ratio = bench.record.ratio("export", ways, kind)
        if colour != "ours" and ratio:
            words += f"  (ours is {number(ratio, 2 if colour == 'limit' else 0)} ×)"
        found.append((name, colour, max(rates) / MB, words))
    return found
