"""Lakes of CSV and NDJSON files, written without any help of what reads them."""

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ckanext.export.observations import COLUMNS
from tests.builders import Row, by_day


def csv_text(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """Every text in quotes, so that an empty one is none of the nulls."""
    lines = [",".join(columns), *(",".join(_cell(row[name]) for name in columns) for row in rows)]
    return "".join(f"{line}\r\n" for line in lines)


def ndjson_text(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in rows)


def write_csv(path: Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Path:
    return write_text(path, csv_text(rows, columns))


def write_ndjson(path: Path, rows: Iterable[Row]) -> Path:
    return write_text(path, ndjson_text(rows))


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return path


def write_text_lake(
    folder: Path, rows: Iterable[Row], name: str, write: Callable[[Path, Sequence[Row]], Any]
) -> Path:
    """A folder for each UTC day of `last_updated`, in it one file of a name."""
    for day, part in by_day(rows).items():
        write(folder / day / name, part)
    return folder


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else value
    return '"' + text.replace('"', '""') + '"'
