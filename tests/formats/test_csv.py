"""CSV: RFC 4180, and what spreadsheets make of it."""

import csv
import io

import pytest

from ckanext.export.formats.base import Options
from tests.builders import encode, observation, read_csv

HEADER = b"home,entity_id,type,state,unit,last_changed,last_updated,attributes\r\n"


def state_of(text: str, **options) -> bytes:
    """The cell of a state as it stands in the file."""
    content = encode(
        "csv",
        [observation(home="h", entity_id="e", type="t", state=text, unit="u")],
        options=Options(**options),
    )
    return content.removeprefix(HEADER + b"h,e,t,").partition(b",u,2022-")[0]


def test_the_header_names_the_columns():
    assert encode("csv") == HEADER


def test_rows_end_with_carriage_return_and_line_feed():
    content = encode("csv", [observation(), observation()])

    assert content.count(b"\r\n") == 3
    assert content.endswith(b"\r\n")
    assert content.replace(b"\r\n", b"").count(b"\n") == 0


def test_a_row_is_written_as_the_contract_says():
    row = observation(unit=None, attributes='{"a":"b"}')

    assert encode("csv", [row]) == HEADER + (
        b"villa-anna,sensor.kitchen_temperature,sensor,21.5,,"
        b'2022-06-20T12:00:00.000000Z,2022-06-20T12:00:00.000000Z,"{""a"":""b""}"\r\n'
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", b"plain"),
        ("with space", b"with space"),
        ("a,b", b'"a,b"'),
        ('a"b', b'"a""b"'),
        ("a\nb", b'"a\nb"'),
        ("a\rb", b'"a\rb"'),
        ("é", "é".encode()),
        ("", b""),
    ],
)
def test_only_what_must_be_quoted_is_quoted(text, cell):
    assert state_of(text) == cell


@pytest.mark.parametrize(
    "text", ["=1+1", "=", "+a", "-a", "-", "@SUM(A1)", "\ttab", "-5,2", "+3 °C", "--1", "-1e", "+."]
)
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(text):
    assert read_csv(HEADER + b"h,e,t," + state_of(text) + b",,,,\r\n")[0]["state"] == "'" + text


def test_a_disarmed_carriage_return_stands_in_quotes():
    assert state_of("\r=1") == b'"\'\r=1"'


def test_a_disarmed_text_with_a_quote_stays_one_cell():
    assert state_of('=HYPERLINK("http://x","y")') == b'"\'=HYPERLINK(""http://x"",""y"")"'


@pytest.mark.parametrize(
    "text", ["-5.2", "+3", "1e-5", "-1E+5", "-.5", "-5.", "+0.0", "12", "a=b", "x@y", " =1", "'=1"]
)
def test_numbers_and_texts_that_no_spreadsheet_runs_stay_as_they_are(text):
    assert state_of(text) == text.encode()


def test_a_number_in_other_digits_is_no_number_to_a_spreadsheet():
    assert state_of("-٣") == "'-٣".encode()


@pytest.mark.parametrize("text", ["=1+1", "+a", "-a", "@x", "\ttab"])
def test_the_administrator_may_turn_disarming_off(text):
    assert state_of(text, escape_formulas=False) == text.encode()


@pytest.mark.parametrize("column", ["home", "entity_id", "type", "unit"])
def test_every_text_cell_is_disarmed(column):
    assert read_csv(encode("csv", [observation(**{column: "=1+1"})]))[0][column] == "'=1+1"


def test_a_strict_reader_sees_eight_cells_in_every_row():
    texts = ['"', '""', ",", "\n", "\r", "\r\n", '",\r\n"', "'", "\\", '\\"']
    rows = [observation(state=a + b, unit=b) for a in texts for b in texts]
    content = encode("csv", rows, options=Options(escape_formulas=False))

    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))

    assert {len(row) for row in rows} == {8}
    assert [row[3] for row in rows[1:]] == [a + b for a in texts for b in texts]
