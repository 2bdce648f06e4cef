"""Lakes of CSV and NDJSON files: what is a text, a time, a null, and what is refused."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import NOON, observation, open_files_below, some_rows, write_file
from tests.text_lakes import csv_text, ndjson_text, write_csv, write_ndjson, write_text

DAY = date(2022, 6, 20)
BOTH = pytest.mark.parametrize(
    ("name", "write"),
    [
        ("part.csv", write_csv),
        ("part.csv.gz", write_csv),
        ("part.ndjson", write_ndjson),
        ("part.jsonl", write_ndjson),
        ("part.jsonl.gz", write_ndjson),
        ("PART.NDJSON.gz", write_ndjson),
    ],
)


def read(folder, query=Query(), **columns):  # noqa: B008 - frozen
    with open_lake(str(folder), columns).scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def refused(folder) -> LakeUnavailable:
    with pytest.raises(LakeUnavailable) as caught:
        read(folder)
    assert str(folder) not in caught.value.detail
    return caught.value


@BOTH
def test_every_ending_is_read(tmp_path, name, write):
    write(tmp_path / "date=2022-06-20" / name, some_rows(12))

    assert read(tmp_path) == some_rows(12)


@BOTH
def test_files_of_other_days_are_not_opened(tmp_path, name, write):
    write(tmp_path / "date=2022-06-20" / name, [observation()])
    (tmp_path / "date=2022-06-21").mkdir()
    (tmp_path / "date=2022-06-21" / name).write_bytes(b"\x00 damaged")

    assert read(tmp_path, Query(DAY, DAY)) == [observation()]
    assert name in refused(tmp_path).inside


def in_csv(folder, text):
    return write_csv(folder / "part.csv", [observation(last_updated=text)])


def in_ndjson(folder, text):
    return write_ndjson(folder / "part.jsonl", [observation(last_updated=text)])


@pytest.mark.parametrize("write", [in_csv, in_ndjson])
@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-06-20T12:00:00Z", NOON),
        ("2022-06-20 12:00:00", NOON),
        ("2022-06-20T12:00", NOON),
        ("2022-06-20", NOON.replace(hour=0)),
        ("2022-06-20T12:00:00+00:00", NOON),
        ("2022-06-20T12:00:00.5", NOON + timedelta(milliseconds=500)),
        ("2022-06-20T12:00:00.123456Z", NOON + timedelta(microseconds=123456)),
        ("2022-06-20T12:00:00.123456789", NOON + timedelta(microseconds=123456)),
        ("2022-06-20T12:00:00.1234567Z", NOON + timedelta(microseconds=123456)),
        ("2022-06-20T14:00:00.123456789+02:00", NOON + timedelta(microseconds=123456)),
        ("2022-06-20T14:00:00+0200", NOON),
        ("2022-06-20T07:00:00-05", NOON),
        ("2022-06-20T11:46:04.198578+05:30", datetime(2022, 6, 20, 6, 16, 4, 198578, UTC)),
        ("0001-01-01T00:00:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("", None),
        (None, None),
    ],
)
def test_times_are_iso_8601_in_any_zone_and_however_fine(tmp_path, write, text, time):
    write(tmp_path, text)

    assert [row["last_updated"] for row in read(tmp_path)] == [time]


@BOTH
def test_times_of_one_file_may_be_written_in_many_ways(tmp_path, name, write):
    texts = ["2022-06-20T12:00:00", "2022-06-20T14:00:00+02:00", "2022-06-20 12:00:00.000000001Z"]
    write(tmp_path / name, [observation(last_updated=text) for text in texts])

    assert [row["last_updated"] for row in read(tmp_path, Query(DAY, DAY))] == [NOON] * 3


@pytest.mark.parametrize("write", [in_csv, in_ndjson])
@pytest.mark.parametrize(
    "text", ["yesterday", "20.06.2022 12:00", "1655726400", "2022-06-20T25:00"]
)
def test_what_is_no_time_is_told_with_its_column(tmp_path, write, text):
    write(tmp_path, text)

    assert "'last_updated'" in refused(tmp_path).detail


@BOTH
def test_missing_columns_are_named(tmp_path, name, write):
    rows = [{k: v for k, v in observation().items() if k not in ("home", "state")}]
    columns = {} if write is write_ndjson else {"columns": list(rows[0])}
    write(tmp_path / name, rows, **columns)

    error = refused(tmp_path)

    assert "'home', 'state'" in error.detail
    assert name in error.inside


@BOTH
def test_type_and_unit_are_derived_where_there_is_none(tmp_path, name, write):
    row = observation(attributes='{"unit_of_measurement":"lx"}')
    del row["type"], row["unit"]
    columns = {} if write is write_ndjson else {"columns": list(row)}
    write(tmp_path / name, [row], **columns)

    found = read(tmp_path, Query(types=("sensor",), units=("lx",)))

    assert [(row["type"], row["unit"]) for row in found] == [("sensor", "lx")]


@BOTH
def test_columns_may_have_other_names(tmp_path, name, write):
    own = {"home": "house uuid", "attributes": "Größe", "last_updated": "time", "type": "a.b"}
    row = {own.get(name, name): value for name, value in observation().items()}
    columns = {} if write is write_ndjson else {"columns": list(row)}
    write(tmp_path / name, [row], **columns)

    assert read(tmp_path, Query(DAY, DAY, ("sensor",)), **own) == [observation()]


@BOTH
def test_one_own_column_may_serve_two_and_others_are_left_alone(tmp_path, name, write):
    row = observation(secret="s")  # noqa: S106
    del row["last_changed"]
    columns = {} if write is write_ndjson else {"columns": list(row)}
    write(tmp_path / name, [row], **columns)

    assert read(tmp_path, last_changed="last_updated") == [observation()]


def test_an_empty_cell_is_null_and_empty_quotes_are_an_empty_text(tmp_path):
    text = csv_text([observation(state="", unit=None)])
    assert ',"",,' in text
    write_text(tmp_path / "part.csv", text)

    assert [(row["state"], row["unit"]) for row in read(tmp_path)] == [("", None)]


def test_words_and_numbers_are_texts(tmp_path):
    states = ["NaN", "NULL", "null", "N/A", "true", "007", "1e3", " x ", "-", "#N/A"]
    head, *lines = csv_text([observation(state=state) for state in states]).splitlines()
    bare = [line.replace(f'"{state}"', state, 1) for line, state in zip(lines, states, strict=True)]
    write_text(tmp_path / "part.csv", "\n".join([head, *bare]))

    assert [row["state"] for row in read(tmp_path)] == states


def test_a_cell_may_hold_lines_quotes_and_commas(tmp_path):
    texts = ["a\r\nb", 'say "hi"', "a,b", "\n", '"', "'", "\\", "\\n"]
    write_csv(tmp_path / "part.csv", [observation(state=text) for text in texts])

    assert [row["state"] for row in read(tmp_path)] == texts


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_lines_may_end_as_they_like(tmp_path, end):
    for name, text in (
        ("csv/part.csv", csv_text([observation()] * 2)),
        ("nd/part.jsonl", ndjson_text([observation()] * 2)),
    ):
        write_text(tmp_path / name, "\n".join(text.splitlines()) + end)

    assert read(tmp_path / "csv") == read(tmp_path / "nd") == [observation()] * 2


@pytest.mark.parametrize("name", ["part.csv", "part.csv.gz", "part.jsonl", "part.jsonl.gz"])
def test_the_mark_that_windows_programs_begin_with_is_no_text(tmp_path, name):
    text = ndjson_text if "json" in name else csv_text
    write_text(tmp_path / name, "\ufeff" + text([observation()]))

    assert read(tmp_path) == [observation()]


def test_empty_lines_are_none(tmp_path):
    write_text(tmp_path / "part.jsonl", "\n\n" + ndjson_text(some_rows(2)) + "\r\n \n")

    assert read(tmp_path) == some_rows(2)


@pytest.mark.parametrize("name", ["none.jsonl", "none.ndjson.gz"])
def test_a_file_without_lines_is_no_obstacle(tmp_path, name):
    write_text(tmp_path / name, "")
    write_ndjson(tmp_path / "part.jsonl", [observation()])

    assert read(tmp_path) == [observation()]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            {"device_class": "temperature", "x": [1, None]},
            '{"device_class":"temperature","x":[1,null]}',
        ),
        ({"a": 12345678901234567890123}, '{"a":12345678901234567890123}'),
        ({"a": 1.10}, '{"a":1.1}'),
        ({"é": "°C"}, '{"é":"°C"}'),
        ({}, "{}"),
        ('{"as": "text"}', '{"as": "text"}'),
        ("{unit_of_measurement=°C}", "{unit_of_measurement=°C}"),
        ("", ""),
        (None, None),
    ],
)
def test_attributes_may_be_an_object(tmp_path, value, text):
    line = json.dumps(observation(attributes=value), default=str, ensure_ascii=False, indent=None)
    write_text(tmp_path / "part.jsonl", line + "\n")

    assert [row["attributes"] for row in read(tmp_path)] == [text]


@pytest.mark.parametrize(
    ("value", "text"),
    [(21.5, "21.5"), (3, "3"), (True, "true"), (False, "false"), ("on", "on"), (None, None)],
)
def test_states_that_are_no_texts_are_written_as_text(tmp_path, value, text):
    rows = [observation(state=value), observation(state="text"), observation(state=None)]
    write_ndjson(tmp_path / "part.jsonl", rows)

    assert [row["state"] for row in read(tmp_path)] == [text, "text", None]


def test_a_key_that_a_line_lacks_is_null(tmp_path):
    bare = {k: v for k, v in observation().items() if k not in ("unit", "attributes")}
    write_ndjson(tmp_path / "part.jsonl", [observation(), bare])

    assert read(tmp_path) == [observation(), observation(unit=None, attributes=None)]


def test_a_column_that_turns_up_late_is_never_overlooked(tmp_path):
    bare = {name: value for name, value in observation().items() if name != "unit"}
    write_ndjson(tmp_path / "part.jsonl", [bare] * 1000 + [observation()])

    assert "'unit'" in refused(tmp_path).inside


@pytest.mark.parametrize(
    "line",
    [
        '{"home": "secret-villa", "entity_id"',
        "secret-villa",
        '["secret-villa"]',
        '{"home": "secret-villa"} {"home": "b"}',
        '{"home": "secret-villa"},{"home": "b"}',
        '{"home": "secret-villa", "state": {"a": 1}}',
        '{"home": "secret-villa", "state": ["a"]}',
        '{"home": ["secret-villa"]}',
        '{"home": "secret-villa\\ud800"}',
        "null",
    ],
)
def test_a_malformed_line_is_told_with_its_file_and_number_but_not_repeated(tmp_path, line):
    text = ndjson_text(some_rows(800))
    path = write_text(tmp_path / "part.jsonl", text + line + "\n" + text)

    error = refused(tmp_path)

    assert "damaged" in error.detail
    assert str(path) in error.inside
    assert "801" in error.inside
    assert "villa" not in error.inside


@pytest.mark.parametrize("line", ["secret-villa,b,c", "secret-villa" + ",x" * 8, '"secret-villa'])
def test_a_malformed_row_is_told_with_its_file_but_not_repeated(tmp_path, line):
    text = csv_text(some_rows(800))
    path = write_text(tmp_path / "part.csv", text + line + "\r\n" + text)

    error = refused(tmp_path)

    assert "damaged" in error.detail
    assert str(path) in error.inside
    assert "villa" not in error.inside


@pytest.mark.parametrize("content", [b"", b"\n", b"home,home\r\n", b"PAR1" * 9, b"\xff\xfeh\x00"])
def test_a_file_without_a_header_is_refused_before_the_first_row(tmp_path, content):
    write_csv(tmp_path / "a.csv", [observation()])
    (tmp_path / "b.csv").write_bytes(content)

    with pytest.raises(LakeUnavailable) as caught:
        open_lake(str(tmp_path)).scan(Query())

    assert "b.csv" in caught.value.inside


@pytest.mark.parametrize("cut", [10, 2000])
@pytest.mark.parametrize("name", ["part.csv.gz", "part.jsonl.gz"])
def test_a_gzip_that_was_cut_is_never_read_as_if_it_were_whole(tmp_path, name, cut):
    rows = [observation(state=f"{number**5 % 99991}") for number in range(20_000)]
    path = (write_csv if "csv" in name else write_ndjson)(tmp_path / name, rows)
    path.write_bytes(path.read_bytes()[:-cut])

    assert "damaged" in refused(tmp_path).detail


@pytest.mark.parametrize("name", ["part.csv", "part.jsonl"])
def test_bytes_that_are_no_utf_8_are_refused(tmp_path, name):
    path = (write_csv if "csv" in name else write_ndjson)(tmp_path / name, [observation()] * 3)
    content = path.read_bytes().replace(b"21.5", b"21\xff5", 1)
    path.write_bytes(content)

    assert name in refused(tmp_path).inside


def test_a_folder_of_several_kinds_is_refused_with_what_to_do(tmp_path):
    write_file(tmp_path / "date=2022-06-20" / "part.parquet", [observation()])
    extra = write_csv(tmp_path / "homes.csv", [observation()])

    error = refused(tmp_path)
    assert "several kinds" in error.detail
    assert "Parquet and CSV" in error.inside

    extra.rename(tmp_path / "_homes.csv")
    assert read(tmp_path) == [observation()]


@BOTH
def test_a_pass_that_is_given_up_or_finished_holds_no_file(tmp_path, name, write):
    write(tmp_path / name, some_rows(60))
    with open_lake(str(tmp_path)).scan(Query()) as scan:
        list(scan.batches())
        assert open_files_below(tmp_path) == []
        batches = scan.batches()
        next(batches)
        del batches
        assert open_files_below(tmp_path) == []


@BOTH
def test_a_file_that_changes_between_two_passes_ends_the_second(tmp_path, name, write):
    write(tmp_path / name, some_rows(60))
    with open_lake(str(tmp_path)).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 60
        write(tmp_path / name, some_rows(61))
        with pytest.raises(LakeUnavailable, match="changed"):
            list(scan.batches())


@pytest.mark.parametrize(("name", "write"), [("part.csv", write_csv), ("p.jsonl", write_ndjson)])
def test_a_text_longer_than_any_block_that_is_looked_at_first(tmp_path, name, write):
    rows = [observation(state="x" * 1_500_000), observation()]
    write(tmp_path / name, rows)

    assert read(tmp_path) == rows


@pytest.mark.parametrize(("name", "write"), [("part.csv", write_csv), ("p.jsonl", write_ndjson)])
def test_a_file_of_many_blocks_comes_whole_and_in_order(tmp_path, name, write):
    rows = [observation(state=f"{number}-" + "x" * 500) for number in range(60_000)]
    size = write(tmp_path / name, rows).stat().st_size
    assert size > 30 << 20

    with open_lake(str(tmp_path)).scan(Query()) as scan:
        found = [text for b in scan.batches(("state",)) for text in b.column("state").to_pylist()]

    assert found == [row["state"] for row in rows]
