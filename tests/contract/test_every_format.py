"""What every format of the registry has to do. New formats join by a reader in `formats.py`."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.formats import RESERVED, describe_formats, find_format, registry
from ckanext.export.formats.base import Options
from tests.builders import as_written, canonical, encode, in_every_home, observation, some_rows
from tests.contract.formats import CONTROLS, EMPTY_TEXT, FORMULAS, GAPS, READERS

FORMATS = sorted(registry())
UNTOUCHED = Options(escape_formulas=False)

ORDINARY_TEXTS = [
    "plain",
    "0",
    "-5.2",
    "+3",
    "1e-5",
    "-1.5E+10",
    'say "hello"',
    '"',
    '""',
    "comma, and; semicolon",
    "two\nlines",
    "a\r\nb",
    "lone\rreturn",
    "tab\there",
    "  spaces around  ",
    "<b>&amp;</b>",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- -- -->",
    "&#13;",
    "back\\slash\\n",
    "'quoted'",
    "null",
    "NULL",
    "None",
    "NaN",
    "€ é ß 東京 עברית",
    "\U0001f321\ufe0f \U00020bb7 \U0010fffd",  # beyond the basic plane
    "e\u0301 \u200d \u00a0 \u2028 \u2029 \u0085",
    "\ufeffbyte order mark",
    "{}",
    "[1,2]",
    "x" * 100_000,
]
CONTROL_TEXTS = ["a\x01b", "bell\x07", "\x1b[31m", "esc\x0b\x0c", "\ufffe\uffff", "nul\x00l"]
CONTROLS_REPLACED = [
    "a\ufffdb",
    "bell\ufffd",
    "\ufffd[31m",
    "esc\ufffd\ufffd",
    "\ufffd" * 2,
    "nul\ufffdl",
]
FORMULA_TEXTS = ["=1+1", "=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3", "@here", "\tx", "\rx"]
TIMES = [
    datetime(2022, 6, 20, 11, 46, 4, 198578, UTC),
    datetime(2022, 6, 20, tzinfo=UTC),
    datetime(2022, 6, 20, 23, 59, 59, 999999, UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(1901, 2, 3, 4, 5, 6, 7, UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(999, 12, 31, 1, 2, 3, 4, UTC),
    datetime(2024, 2, 29, 0, 0, 0, 1, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
]


def read(name, content):
    """The rows, on which all of the format's readers have to agree."""
    first, *others = [reader(content) for reader in READERS[name]]
    assert all(rows == first for rows in others)
    return first


def as_texts(rows):
    """Attributes as JSON text, whether the format nests them or not."""
    return [
        row
        | {
            "attributes": json.dumps(row["attributes"])
            if isinstance(row["attributes"], dict)
            else row["attributes"]
        }
        for row in rows
    ]


def test_every_format_of_the_registry_is_under_contract():
    assert set(READERS) == set(GAPS) == set(registry())


@pytest.fixture
def wide_fields():
    before = csv.field_size_limit(2_000_000)
    yield
    csv.field_size_limit(before)


@pytest.fixture(params=FORMATS)
def name(request):
    return request.param


def test_columns_have_the_contract_s_names_and_order(name):
    rows = read(name, encode(name, some_rows(3)))

    assert [list(row) for row in rows] == [
        [
            "home",
            "entity_id",
            "type",
            "state",
            "unit",
            "last_changed",
            "last_updated",
            "attributes",
        ]
    ] * 3


def test_rows_keep_their_order_and_values(name):
    rows = some_rows(200)

    found = read(name, encode(name, rows))

    for column in ("home", "entity_id", "type", "state", "unit"):
        assert [row[column] for row in found] == [row[column] for row in rows]


def test_several_batches_are_one_file(name):
    rows = some_rows(50)

    assert encode(name, rows[:1], rows[1:2], rows[2:49], rows[49:]) == encode(name, rows)


def test_no_batch_is_a_valid_file_without_rows(name):
    assert read(name, encode(name)) == []


@pytest.mark.parametrize("column", ["home", "entity_id", "type", "state", "unit"])
def test_texts_come_back_as_they_were(name, column):
    rows = [observation(**{column: text}) for text in ORDINARY_TEXTS]

    found = read(name, encode(name, rows, options=UNTOUCHED))

    assert [row[column] for row in found] == ORDINARY_TEXTS


def test_control_characters_come_back_or_become_replacement_characters(name):
    found = read(name, encode(name, [observation(state=text) for text in CONTROL_TEXTS]))

    states = [row["state"] for row in found]
    assert states == (CONTROLS_REPLACED if CONTROLS in GAPS[name] else CONTROL_TEXTS)


def test_formulas_come_back_or_are_disarmed(name):
    found = read(name, encode(name, [observation(state=text) for text in FORMULA_TEXTS]))

    before = "'" if FORMULAS in GAPS[name] else ""
    assert [row["state"] for row in found] == [before + text for text in FORMULA_TEXTS]


def test_an_empty_text_is_not_a_null(name):
    found = read(name, encode(name, [observation(state="", unit=None)]))

    assert found[0]["unit"] is None
    assert found[0]["state"] == (None if EMPTY_TEXT in GAPS[name] else "")


@pytest.mark.parametrize("column", ["state", "unit", "last_changed", "last_updated"])
def test_a_null_is_a_null(name, column):
    rows = [observation(), observation(**{column: None}), observation()]

    found = read(name, encode(name, rows))

    assert [row[column] is None for row in found] == [False, True, False]


@pytest.mark.parametrize("column", ["state", "unit", "last_changed", "last_updated"])
def test_a_column_of_nulls_is_nulls(name, column):
    found = read(name, encode(name, [observation(**{column: None})] * 5))

    assert [row[column] for row in found] == [None] * 5


def test_times_are_utc_with_six_decimals(name):
    rows = [observation(last_updated=time, last_changed=time) for time in TIMES]

    found = read(name, encode(name, rows))

    assert [row["last_updated"] for row in found] == [as_written(time) for time in TIMES]
    assert [row["last_changed"] for row in found] == [as_written(time) for time in TIMES]


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_a_batch_of_one_day_is_written_too(name, time):
    found = read(name, encode(name, [observation(last_updated=time)]))

    assert found[0]["last_updated"] == as_written(time)


def test_times_far_apart_and_close_together_are_written_in_one_batch(name):
    start = datetime(1901, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=day * day, microseconds=day) for day in range(300)]

    found = read(name, encode(name, [observation(last_updated=time) for time in times]))

    assert [row["last_updated"] for row in found] == [as_written(time) for time in times]


@pytest.mark.parametrize("microseconds", [300_000_000_000_000_000, -70_000_000_000_000_000])
def test_a_time_of_no_year_from_1_to_9999_is_the_lake_s_fault(name, microseconds):
    batch = canonical([observation()])
    place = batch.schema.get_field_index("last_updated")
    time = pa.array([microseconds]).cast(batch.schema.field(place).type)
    batch = batch.set_column(place, batch.schema.field(place), time)

    with pytest.raises(LakeUnavailable):
        list(find_format(name)(Options()).encode([batch]))


def test_attributes_are_one_json_object(name):
    text = (
        '{"device_class":"a \\"quoted\\" <b> & ]]> , é \\u0001","list":[1,2.5,null,"x,y"],"o":{}}'
    )

    found = as_texts(read(name, encode(name, [observation(attributes=text)])))

    assert json.loads(found[0]["attributes"]) == json.loads(text)


def test_distinct_rows_in_the_thousands_stay_apart(name):
    rows = [
        observation(
            home=f"home-{number % 7}",
            entity_id=f"sensor.number_{number % 10_000}",
            state=str(number),
            attributes=json.dumps({"n": number}),
        )
        for number in range(30_000)
    ]

    found = as_texts(read(name, encode(name, rows[:20_000], rows[20_000:])))

    assert [(row["home"], row["entity_id"], row["state"]) for row in found] == [
        (row["home"], row["entity_id"], row["state"]) for row in rows
    ]
    assert [json.loads(row["attributes"])["n"] for row in found] == list(range(30_000))


def test_texts_of_a_megabyte_and_batches_wider_than_a_piece_are_written(name, wide_fields):
    wide = [json.dumps({"w": chr(97 + number % 26) * 1_000_000}) for number in range(90)]
    rows = [observation(state=str(place), attributes=text) for place, text in enumerate(wide)]

    found = as_texts(READERS[name][0](encode(name, rows)))
    assert [row["state"] for row in found] == [str(place) for place in range(90)]
    assert [json.loads(row["attributes"]) for row in found] == [json.loads(text) for text in wide]


def test_the_file_is_utf_8_without_byte_order_mark(name):
    content = encode(name, in_every_home(observation()))

    assert "°C" in content.decode("utf-8", "strict")
    assert not content.startswith(b"\xef\xbb\xbf")


def test_the_registry_describes_the_format(name):
    (about,) = [about for about in describe_formats() if about["name"] == name]

    assert list(about) == ["name", "media_type", "extension", "description"]
    assert all(about.values())
    assert name not in RESERVED
