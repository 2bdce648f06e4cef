"""What every format of the registry has to do. New formats join by a reader in `formats.py`."""

import csv
import json
import tempfile
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from ckanext.export.errors import EmptyDataset, LakeUnavailable
from ckanext.export.export import Export
from ckanext.export.formats import RESERVED, describe_formats, find_format, registry
from ckanext.export.formats.base import About, Options
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import (
    HOMES,
    IN_ORDER,
    NOON,
    as_written,
    canonical,
    data,
    encode,
    export,
    in_every_home,
    observation,
    order,
    some_rows,
    write_lake,
    write_large_day,
)
from tests.contract.formats import (
    CONTROLS,
    EMPTY_TEXT,
    FORMULAS,
    GAPS,
    LONG_TEXTS,
    MILLISECONDS,
    READERS,
)
from tests.memory import measure

FORMATS = sorted(registry())
TEXT_FORMATS = [name for name in FORMATS if registry()[name].encoding]
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
    "_x0041_ _x005F_x0041_ __x000d_",
    "2022-06-20",
    "007",
    "TRUE",
    "#REF!",
    "https://example.org/?a=b",
    "x" * 100_000,
    "\U0001f321" * 17_000,
]
EXCEL_S_FIRST_DAY = datetime(1900, 3, 1, tzinfo=UTC)
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


def carried(name, text):
    """The text as the format has to give it back: Excel counts UTF-16 units."""
    units = text.encode("utf-16-le")
    if LONG_TEXTS not in GAPS[name] or len(units) <= 2 * 32_767:
        return text
    return units[: 2 * 32_766].decode("utf-16-le", "ignore") + "…"


def carried_time(name, time):
    if time and MILLISECONDS in GAPS[name] and time >= EXCEL_S_FIRST_DAY:
        time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    return as_written(time)


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

    assert [list(row) for row in rows] == [IN_ORDER] * 3


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

    assert [row[column] for row in found] == [carried(name, text) for text in ORDINARY_TEXTS]


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


def test_times_are_utc_and_exact(name):
    rows = [observation(last_updated=time, last_changed=time) for time in TIMES]

    found = read(name, encode(name, rows))

    assert [row["last_updated"] for row in found] == [carried_time(name, t) for t in TIMES]
    assert [row["last_changed"] for row in found] == [carried_time(name, t) for t in TIMES]


@pytest.mark.parametrize("times", [TIMES[:3], [*TIMES[:2], None], [None], TIMES[:1]], ids=str)
def test_both_times_may_be_the_same_or_not(name, times):
    pairs = [(changed, updated) for changed in times for updated in times]
    rows = [observation(last_changed=changed, last_updated=updated) for changed, updated in pairs]

    for wanted in (pairs, pairs[::-1]):
        found = read(name, encode(name, rows))
        told = [(row["last_changed"], row["last_updated"]) for row in found]
        assert told == [tuple(carried_time(name, time) for time in pair) for pair in wanted]
        rows.reverse()


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_a_batch_of_one_day_is_written_too(name, time):
    found = read(name, encode(name, [observation(last_updated=time)]))

    assert found[0]["last_updated"] == carried_time(name, time)


def test_times_far_apart_and_close_together_are_written_in_one_batch(name):
    start = datetime(1901, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=day * day, microseconds=day) for day in range(300)]

    found = read(name, encode(name, [observation(last_updated=time) for time in times]))

    assert [row["last_updated"] for row in found] == [carried_time(name, t) for t in times]


@pytest.mark.parametrize("microseconds", [300_000_000_000_000_000, -70_000_000_000_000_000])
def test_a_time_of_no_year_from_1_to_9999_is_the_lake_s_fault(name, microseconds):
    batch = canonical([observation()])
    place = batch.schema.get_field_index("last_updated")
    time = pa.array([microseconds]).cast(batch.schema.field(place).type)
    batch = batch.set_column(place, batch.schema.field(place), time)

    with pytest.raises(LakeUnavailable):
        list(find_format(name)(Options(), About()).encode([batch]))


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

    found = as_texts(READERS[name][-1](encode(name, rows[:20_000], rows[20_000:])))

    assert [(row["home"], row["entity_id"], row["state"]) for row in found] == [
        (row["home"], row["entity_id"], row["state"]) for row in rows
    ]
    assert [json.loads(row["attributes"])["n"] for row in found] == list(range(30_000))


def test_texts_of_a_megabyte_and_batches_wider_than_a_piece_are_written(name, wide_fields):
    wide = [json.dumps({"w": chr(97 + number % 26) * 1_000_000}) for number in range(90)]
    rows = [observation(state=str(place), attributes=text) for place, text in enumerate(wide)]

    found = as_texts(READERS[name][0](encode(name, rows)))
    assert [row["state"] for row in found] == [str(place) for place in range(90)]
    if LONG_TEXTS in GAPS[name]:
        assert [row["attributes"] for row in found] == [carried(name, text) for text in wide]
    else:
        assert [json.loads(row["attributes"]) for row in found] == list(map(json.loads, wide))


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_a_text_file_is_utf_8_without_byte_order_mark(name):
    content = encode(name, in_every_home(observation()))

    assert "°C" in content.decode(registry()[name].encoding, "strict")
    assert registry()[name].encoding == "utf-8"
    assert not content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("column", ["state", "entity_id", "attributes"])
def test_what_is_no_utf_8_in_the_lake_is_utf_8_in_the_file(name, column):
    batch = canonical([observation(), observation()])
    place = batch.schema.get_field_index(column)
    raw = pa.array([b'{"a":"\xff\xc3"}', b"{}"]).view(pa.string())
    odd = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int32()), raw)
    batch = batch.set_column(place, batch.schema.field(place), odd)

    content = b"".join(map(bytes, find_format(name)(Options(), About()).encode([batch])))

    found = [row[column] for row in as_texts(read(name, content))]
    assert list(map(json.loads, found)) == [{}, {"a": "\ufffd\ufffd"}]


def test_the_registry_describes_the_format(name):
    (about,) = [about for about in describe_formats() if about["name"] == name]

    assert list(about) == ["name", "media_type", "extension", "description"]
    assert all(about.values())
    assert name not in RESERVED


def test_one_row_comes_back_whole(name):
    row = observation(state="-5.2", unit=None, attributes='{"a":[1,null,"b"]}')

    [found] = as_texts(read(name, encode(name, [row])))

    times = {time: as_written(row[time]) for time in ("last_changed", "last_updated")}
    assert json.loads(found.pop("attributes")) == {"a": [1, None, "b"]}
    assert found == {key: text for key, text in (row | times).items() if key != "attributes"}


def test_an_export_without_rows_is_refused_before_its_first_byte(name, tmp_path):
    lake = write_lake(tmp_path, in_every_home(observation()))

    with pytest.raises(EmptyDataset):
        Export(open_lake(str(lake)), order(name, query=Query(types=("climate",))))


def difficult_rows():
    """What the lake holds and privacy lets through, with all that a format may stumble over."""
    states = [
        "=1+1",
        "",
        None,
        "a\tb\nc",
        "\U0001f321",
        "\x01",
        '"',
        "<&>",
        "_x0041_",
        "x" * 40_000,
    ]
    return [
        observation(
            home=HOMES[number % 4],
            state=state,
            last_updated=NOON + timedelta(microseconds=1_234_567 * number),
            last_changed=None if number % 3 else NOON,
            attributes=json.dumps({"device_class": state}),
        )
        for number, state in enumerate(states * 40)
    ]


def test_an_export_gives_back_the_rows_of_the_lake_but_for_the_declared_losses(
    name, tmp_path, wide_fields
):
    rows = difficult_rows()
    content = data(export(write_lake(tmp_path, rows), name), find_format(name).extension)

    found = as_texts(read(name, content))

    columns = ("entity_id", "type", "state", "unit", "last_changed", "last_updated")
    expected = [{column: lost(name, row[column]) for column in columns} for row in rows]
    assert [{column: row[column] for column in columns} for row in found] == expected
    short = [
        (json.loads(row["attributes"]), json.loads(told["attributes"].removeprefix("'")))
        for row, told in zip(rows, found, strict=True)
        if len(row["attributes"]) < 32_767
    ]
    assert all(before == after for before, after in short)
    homes = {(row["home"], told["home"]) for row, told in zip(rows, found, strict=True)}
    assert len(homes) == 4


def lost(name, value):
    """A value of the lake after the format's declared losses."""
    if isinstance(value, datetime):
        return carried_time(name, value)
    if value and CONTROLS in GAPS[name]:
        value = value.replace("\x01", "\ufffd")
    if value and FORMULAS in GAPS[name] and value.startswith("="):
        value = "'" + value
    if EMPTY_TEXT in GAPS[name]:
        value = value or None
    return value and carried(name, value)


def test_the_same_query_gives_the_same_bytes_at_another_time(name, tmp_path):
    lake, extension = write_lake(tmp_path, some_rows(200)), find_format(name).extension
    later = datetime(2026, 3, 4, 23, 59, tzinfo=UTC)

    first = data(export(lake, name), extension)

    assert data(export(lake, name, generated=later), extension) == first


def test_nothing_is_written_to_a_disk(name, monkeypatch, tmp_path):
    lake = write_lake(tmp_path, some_rows(200))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    assert data(export(lake, name), find_format(name).extension)


@pytest.fixture(scope="module")
def growing(tmp_path_factory):
    """A lake of 300,000 observations, and one of three million."""
    folder = tmp_path_factory.mktemp("growing")
    for number in range(1, 11):
        day = write_large_day(folder / "large", f"2022-06-{number:02}", 300_000, "few")
    copy = folder / "small" / day.parent.name / day.name
    copy.parent.mkdir(parents=True)
    copy.hardlink_to(day)
    return folder


@pytest.mark.slow
def test_three_million_rows_take_the_memory_of_a_tenth(name, growing):
    rows, peak = measure(growing / "small", name)
    more_rows, more_peak = measure(growing / "large", name)

    assert (rows, more_rows) == (300_000, 3_000_000)
    assert more_peak - peak < 100
