"""One table of figures, and how a figure is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from ckanext.export.formats import registry

from .measure import MB, Record

TITLES = {name: kind.title for name, kind in registry().items()}
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


def number(value: float | None, digits: int = 2) -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}"


def beside(value: float | None, target: float | None, digits: int, sign: str) -> str:
    found = number(value, digits)
    return f"{found} ({sign} {target:g})" if target is not None else found


def millions(record: Record, way: str, kind: str) -> float | None:
    rate = record.rate(way, kind)
    return None if rate is None else rate / MB


def megabytes(size: float | None, digits: int = 0) -> str:
    return NOTHING if size is None else number(size / MB, digits)
