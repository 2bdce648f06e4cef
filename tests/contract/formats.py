"""How the contract reads each format back, and what a format cannot carry, by name."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import openpyxl
import python_calamine
from openpyxl.utils.escape import unescape

from ckanext.export.observations import COLUMNS, TIMES
from tests.builders import Row, as_written, read_csv, read_json
from tests.readers import XML_READERS


def _json_lines(content: bytes) -> list[Row]:
    """An object a line: each line is parsed on its own."""
    first, *lines, last, nothing = content.decode().split("\n")
    assert (first, last, nothing) == ("[", "]", "")
    return [json.loads(line.removesuffix(",")) for line in lines if line]


def _ndjson(content: bytes) -> list[Row]:
    *lines, nothing = content.decode().split("\n")
    assert nothing == ""
    return [json.loads(line) for line in lines]


def _ndjson_duckdb(content: bytes) -> list[Row]:
    kinds = dict.fromkeys(COLUMNS, "VARCHAR") | {"attributes": "JSON"}
    statement = "FROM read_json(?, format='newline_delimited', columns=?)"
    rows = _by_duckdb(content, statement, kinds) if content else []
    return [row | {"attributes": json.loads(row["attributes"] or "null")} for row in rows]


def _csv_plain(content: bytes) -> list[Row]:
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    return [dict(zip(header, [text or None for text in row], strict=True)) for row in rows]


def _tsv_plain(content: bytes) -> list[Row]:
    text = io.StringIO(content.decode(), newline="")
    header, *rows = csv.reader(text, "excel-tab", strict=True)
    return [dict(zip(header, [text or None for text in row], strict=True)) for row in rows]


def _separated_duckdb(separator: str, line_end: str) -> Callable[[bytes], list[Row]]:
    def read(content: bytes) -> list[Row]:
        header = content.decode().partition(line_end)[0].split(separator)
        escaped = line_end.encode("unicode_escape").decode()
        statement = (
            f"FROM read_csv(?, header=true, all_varchar=true, delim='{separator}', quote='\"', "
            f"escape='\"', new_line='{escaped}', auto_detect=false, columns=?)"
        )
        rows = _by_duckdb(content, statement, dict.fromkeys(header, "VARCHAR"))
        return [{name: text or None for name, text in row.items()} for row in rows]

    return read


def _parquet_duckdb(content: bytes) -> list[Row]:
    rows = _by_duckdb(
        content,
        "SELECT * REPLACE (epoch_us(last_changed) AS last_changed, "
        "epoch_us(last_updated) AS last_updated) FROM read_parquet(?)",
    )
    return [row | {name: as_written(_instant(row[name])) for name in TIMES} for row in rows]


def _instant(microseconds: int | None) -> datetime | None:
    if microseconds is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def _by_duckdb(content: bytes, statement: str, *parameters: Any) -> list[Row]:
    with NamedTemporaryFile() as file, duckdb.connect() as connection:
        file.write(content)
        file.flush()
        found = connection.sql(statement, params=[file.name, *parameters])
        return found.to_arrow_table().to_pylist()


def _xlsx_openpyxl(content: bytes) -> list[Row]:
    """Sheets of observations, one after the other; openpyxl leaves Excel's escapes to us."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    *sheets, about = book.worksheets
    assert about.title == "About"
    return [row for sheet in sheets for row in _sheet_rows(list(sheet.values), unescape)]


def _xlsx_calamine(content: bytes) -> list[Row]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    *sheets, _ = book.sheet_names
    tables = [book.get_sheet_by_name(name).to_python() for name in sheets]
    return [row for table in tables for row in _sheet_rows(table, str)]


def _sheet_rows(table: list[Any], text: Callable[[str], str]) -> list[Row]:
    header, *rows = table
    return [dict(zip(header, [_cell(value, text) for value in row], strict=True)) for row in rows]


def _cell(value: Any, text: Callable[[str], str]) -> str | None:
    if isinstance(value, date):  # as which calamine gives a midnight
        parts = value.timetuple()[:6]
        return as_written(datetime(*parts, getattr(value, "microsecond", 0), UTC))
    return text(value) if value else None


# Format → its independent readers. A format without one fails the contract.
READERS: dict[str, list[Callable[[bytes], list[Row]]]] = {
    "csv": [read_csv, _csv_plain, _separated_duckdb(",", "\r\n")],
    "json": [read_json, _json_lines],
    "xml": XML_READERS,
    "jsonl": [_ndjson, _ndjson_duckdb],
    "tsv": [_tsv_plain, _separated_duckdb("\t", "\n")],
    "parquet": [_parquet_duckdb],
    "xlsx": [_xlsx_openpyxl, _xlsx_calamine],
}

# Format → what its files cannot hold, in the words of its documentation. Everything else has to
# come back as it went in.
EMPTY_TEXT = "an empty text is read as null"
CONTROLS = "control characters become U+FFFD"
FORMULAS = "a formula gets a leading apostrophe"
MILLISECONDS = "times are cut to the millisecond"
LONG_TEXTS = "texts of more than 32,767 characters are cut"
GAPS: dict[str, set[str]] = {
    "csv": {EMPTY_TEXT, FORMULAS},
    "json": set(),
    "xml": {CONTROLS},
    "jsonl": set(),
    "tsv": {EMPTY_TEXT, FORMULAS},
    "parquet": set(),
    "xlsx": {EMPTY_TEXT, CONTROLS, MILLISECONDS, LONG_TEXTS},
}
