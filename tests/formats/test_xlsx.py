"""Excel workbooks, as openpyxl and the standard library's zip reader see them."""

import io
import re
import zipfile
from datetime import datetime, timedelta

import openpyxl
import pytest
import python_calamine

from ckanext.export.formats import xlsx
from ckanext.export.formats.base import About, Options
from tests.builders import IN_ORDER, NOON, canonical, encode, observation, some_rows

ABOUT = About(
    title="=1+1 Häuser",
    notes="Two\nlines\x01",
    license="CC BY",
    author="People",
    source="https://p/x?a=b&c",
)


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def states(content: bytes) -> list[list[str]]:
    """Of each sheet of rows."""
    *sheets, _ = book(content).worksheets
    return [[cell.value for cell in sheet["D"][1:]] for sheet in sheets]


def numbered(number: int):
    return [observation(state=str(place)) for place in range(number)]


def test_the_header_is_frozen_above_the_rows():
    sheet = book(encode("xlsx", some_rows(3)))["Observations"]

    assert [cell.value for cell in sheet[1]] == IN_ORDER
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == 4


def test_times_are_dates_to_excel_and_states_are_texts():
    time = NOON + timedelta(microseconds=123_999)
    sheet = book(encode("xlsx", [observation(last_updated=time)]))["Observations"]

    assert sheet["G2"].is_date
    assert sheet["G2"].value == datetime(2022, 6, 20, 12, 0, 0, 123_000)
    assert sheet["G2"].number_format == "yyyy-mm-dd hh:mm:ss.000"
    assert sheet["D2"].value == "21.5"
    assert sheet["D2"].number_format == "@"


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3"])
def test_a_formula_is_a_text_and_stays_one_when_it_is_edited(text):
    content = encode("xlsx", [observation(state=text, entity_id=text, attributes=text)])

    sheet = book(content)["Observations"]
    for cell in (sheet["B2"], sheet["D2"], sheet["H2"]):
        assert cell.value == text
        assert cell.data_type in ("s", "inlineStr")
        assert cell.number_format == "@"
    assert not any(re.search(rb"<f[ >]", part) for part in parts(content).values())


def test_a_sheet_says_what_the_data_are():
    content = encode("xlsx", some_rows(), about=ABOUT)
    found = book(content)

    assert dict(found["About"].values) == {
        "Title": "=1+1 Häuser",
        "Description": "Two\nlines\ufffd",
        "Licence": "CC BY",
        "Author": "People",
        "Made by": "https://p/x?a=b&c",
        "Times": "Times are UTC, to the millisecond.",
    }
    assert found["About"]["B1"].data_type == "s"
    assert found.properties.title == "=1+1 Häuser"
    assert found.properties.description == "CC BY"


def test_nothing_says_when_it_was_made():
    content = encode("xlsx", some_rows())

    assert b"dcterms:" not in parts(content)["docProps/core.xml"].replace(b"xmlns:dcterms", b"")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("rows", "expected"), [(10, [10]), (11, [10, 1]), (20, [10, 10]), (35, [10, 10, 10, 5])]
)
def test_more_rows_than_a_sheet_holds_go_on_further_sheets(monkeypatch, rows, expected):
    monkeypatch.setattr(xlsx, "MOST_ROWS", 10)

    content = encode("xlsx", numbered(rows)[:3], numbered(rows)[3:])

    found = book(content)
    names = ["Observations", *(f"Observations {n}" for n in range(2, len(expected) + 1)), "About"]
    assert found.sheetnames == names
    assert [len(sheet) for sheet in states(content)] == expected
    assert sum(states(content), []) == [str(number) for number in range(rows)]
    assert [cell.value for cell in found.worksheets[-2][1]] == IN_ORDER


def test_a_sheet_ends_too_where_its_bytes_would_be_too_many(monkeypatch):
    monkeypatch.setattr(xlsx, "_MOST_BYTES", 15_000)

    content = encode("xlsx", *[numbered(20)] * 4)

    assert [len(sheet) for sheet in states(content)] == [40, 40]


def test_old_zip_readers_read_it():
    with zipfile.ZipFile(io.BytesIO(encode("xlsx", some_rows()))) as archive:
        assert all(member.extract_version <= 20 for member in archive.infolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 32_767, "x" * 32_767),
        ("x" * 32_768, "x" * 32_766 + "…"),
        ("\U0001f321" * 16_384, "\U0001f321" * 16_383 + "…"),
    ],
    ids=["as long as may be", "one more", "two units each"],
)
def test_a_text_that_no_cell_holds_ends_in_an_ellipsis(text, expected):
    assert states(encode("xlsx", [observation(state=text)])) == [[expected]]


def test_bytes_come_while_the_rows_do():
    taken = []

    def batches():
        for number in range(100):
            taken.append(number)
            yield canonical(some_rows(2000))

    pieces = xlsx.Xlsx(Options(), About()).encode(batches())

    assert next(pieces)[:4] == b"PK\x03\x04"
    pieces.close()
    assert len(taken) < 100


@pytest.mark.slow
def test_the_last_row_of_a_full_sheet_is_the_last_that_excel_has():
    batch = canonical(numbered(65_536))
    pieces = xlsx.Xlsx(Options(), About()).encode(iter([batch] * 17))
    file = io.BytesIO(b"".join(map(bytes, pieces)))

    found = python_calamine.CalamineWorkbook.from_filelike(file)
    heights = [found.get_sheet_by_name(name).height for name in found.sheet_names]
    assert heights[:2] == [1_048_576, 17 * 65_536 - 1_048_575 + 1]
