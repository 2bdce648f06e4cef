"""Counts the rows of files by readers that share no code with what wrote them."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import IO

import orjson

_ROW_END = b"</row>"


class WrongRows(Exception):
    """A way wrote other rows than it should have."""


def expect(name: str, found: int, expected: int) -> None:
    """Raises WrongRows, because comparing speeds of different work says nothing."""
    if found != expected:
        raise WrongRows(f"{name} wrote {found:,} rows instead of {expected:,}")


def rows_in_zip(file: Path, kind: str) -> int:
    """Rows of the data file; the zip has to be whole, and complete by its own manifest."""
    with zipfile.ZipFile(file) as archive:
        if "manifest.json" in archive.namelist():
            assert json.loads(archive.read("manifest.json"))["complete"]
        with archive.open(data_file(archive, kind)) as data:
            return rows_in(data, kind)


def data_file(archive: zipfile.ZipFile, kind: str) -> str:
    return next(name for name in archive.namelist() if name.endswith(f".{kind}"))


def rows_in(data: IO[bytes], kind: str) -> int:
    return {"csv": _csv, "json": _json, "xml": _xml}[kind](data)


def _csv(data: IO[bytes]) -> int:
    table = csv.reader(io.TextIOWrapper(data, "utf-8", newline=""), strict=True)
    width = len(next(table))
    rows = 0
    for row in table:
        if len(row) != width:
            raise WrongRows(f"row {rows + 1} has {len(row)} cells instead of {width}")
        rows += 1
    return rows


def _json(data: IO[bytes]) -> int:
    """One document of any layout; read by pieces where a row is a line, as ours are."""
    start = data.readline()
    if start.strip() != b"[":
        document = orjson.loads(start + data.read())
        return len(document["records"] if isinstance(document, dict) else document)
    rows = 0
    for line in data:
        if line.strip() == b"]":
            break
        orjson.loads(line.rstrip(b",\n"))
        rows += 1
    return rows


def _xml(data: IO[bytes]) -> int:
    """Ends of `row` elements: a text cannot hold one, as its `<` has to be escaped."""
    rows, rest = 0, b""
    while piece := data.read(1 << 20):
        piece = rest + piece
        rows += piece.count(_ROW_END)
        rest = piece[1 - len(_ROW_END) :]
    return rows
