"""How the contract reads each format back, and what a format cannot carry, by name."""

import csv
import io
import json
import xml.etree.ElementTree as standard
from collections.abc import Callable
from tempfile import NamedTemporaryFile

import duckdb
from lxml import etree

from tests.builders import NIL, Row, read_csv, read_json, read_xml


def _json_lines(content: bytes) -> list[Row]:
    """An object a line: each line is parsed on its own."""
    first, *lines, last, nothing = content.decode().split("\n")
    assert (first, last, nothing) == ("[", "]", "")
    return [json.loads(line.removesuffix(",")) for line in lines if line]


def _csv_plain(content: bytes) -> list[Row]:
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    return [dict(zip(header, [text or None for text in row], strict=True)) for row in rows]


def _csv_duckdb(content: bytes) -> list[Row]:
    with NamedTemporaryFile(suffix=".csv") as file, duckdb.connect() as connection:
        file.write(content)
        file.flush()
        table = connection.sql(
            "FROM read_csv(?, header=true, all_varchar=true, delim=',', quote='\"', escape='\"', "
            "new_line='\\r\\n', auto_detect=false, columns=?)",
            params=[
                file.name,
                dict.fromkeys(content.decode().partition("\r\n")[0].split(","), "VARCHAR"),
            ],
        ).to_arrow_table()
    return [{name: text or None for name, text in row.items()} for row in table.to_pylist()]


def _xml_standard(content: bytes) -> list[Row]:
    root = standard.fromstring(content)  # noqa: S314 - we wrote it
    return [
        {cell.tag: None if cell.get(NIL) == "true" else cell.text or "" for cell in row}
        for row in root
    ]


def _xml_without_recovery(content: bytes) -> list[Row]:
    etree.fromstring(content, etree.XMLParser(recover=False, huge_tree=True))
    return read_xml(content)


# Format → its independent readers. A format without one fails the contract.
READERS: dict[str, list[Callable[[bytes], list[Row]]]] = {
    "csv": [read_csv, _csv_plain, _csv_duckdb],
    "json": [read_json, _json_lines],
    "xml": [read_xml, _xml_standard, _xml_without_recovery],
}

# Format → what its files cannot hold. Everything else has to come back as it went in.
EMPTY_TEXT = "an empty text is read as null"
CONTROLS = "control characters become U+FFFD"
FORMULAS = "a formula gets a leading apostrophe"
GAPS: dict[str, set[str]] = {"csv": {EMPTY_TEXT, FORMULAS}, "json": set(), "xml": {CONTROLS}}
