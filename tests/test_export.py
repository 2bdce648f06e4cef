"""The whole way: which rows arrive, and what is left when an export ends early or breaks."""

import gc
import io
import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ckanext.export.ahead import Stalled
from ckanext.export.errors import EmptyDataset, LakeUnavailable
from ckanext.export.export import Export
from ckanext.export.formats.base import Options
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import (
    HOMES,
    LAKE_SCHEMA,
    NOON,
    as_written,
    data,
    eventually,
    export,
    export_rows,
    garble,
    in_every_home,
    observation,
    open_files_below,
    order,
    read_csv,
    read_json,
    some_rows,
    working_threads,
    write_file,
    write_lake,
    write_large_day,
)
from tests.contract.lakes import sql_lake
from tests.readers import read_xml

FORMATS = ("csv", "json", "xml", "jsonl", "tsv", "parquet", "xlsx")
LONG = 60.0


class Releases:
    """Counts how often an export lets its place go."""

    def __init__(self):
        self.number = 0
        self.happened = threading.Event()

    def __call__(self):
        self.number += 1
        self.happened.set()


def is_whole(archive: bytes) -> bool:
    try:
        return zipfile.ZipFile(io.BytesIO(archive)).testzip() is None
    except zipfile.BadZipFile:
        return False


@pytest.fixture
def lake(tmp_path):
    return write_lake(tmp_path / "lake", some_rows())


@pytest.fixture
def large(tmp_path):
    """Two days of 100,000 observations whose states hardly compress."""
    folder = tmp_path / "large"
    for day in ("2022-06-20", "2022-06-21"):
        write_large_day(folder, day, 100_000)
    return folder


# Rows


def test_every_row_arrives_with_its_values(lake):
    found = export_rows(lake)

    for row, new in zip(some_rows(), found, strict=True):
        same = ("entity_id", "type", "state", "unit")
        assert {name: new[name] for name in same} == {name: row[name] for name in same}
        assert new["last_updated"] == as_written(row["last_updated"])
        assert new["last_changed"] == as_written(row["last_changed"])
        assert json.loads(new["attributes"]) == {"device_class": "temperature"}


def test_all_formats_of_one_request_hold_the_same_rows(lake):
    archive = export(lake, *FORMATS, query=Query(types=("sensor", "light")))
    from_csv = read_csv(data(archive, "csv"))
    from_json = read_json(data(archive, "json"))
    from_xml = read_xml(data(archive, "xml"))

    for rows in (from_csv, from_xml):
        for row in rows:
            row["attributes"] = json.loads(row["attributes"])
    assert from_csv == from_json == from_xml
    assert len(from_csv) == 48


def test_filters_reach_the_lake(lake):
    query = Query(date(2022, 6, 21), date(2022, 6, 21), ("sensor",), ("℃",))

    wanted = [
        row["state"]
        for row in some_rows()
        if row["last_updated"].date() == date(2022, 6, 21) and row["unit"] == "°C"
    ]
    assert [row["state"] for row in export_rows(lake, query=query)] == wanted
    assert len(wanted) == 5


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_query_gives_the_same_bytes(lake, name):
    assert data(export(lake, name), name) == data(export(lake, name), name)


def test_a_format_is_the_same_alone_and_among_others(lake):
    assert data(export(lake, "json"), "json") == data(export(lake, *FORMATS), "json")


def test_nulls_of_times_arrive_as_nulls(tmp_path):
    rows = in_every_home(observation(last_updated=None), observation(last_changed=None))
    found = export_rows(write_lake(tmp_path, rows))

    assert sorted(row["last_updated"] is None for row in found) == [False] * 4 + [True] * 4
    assert sorted(row["last_changed"] is None for row in found) == [False] * 4 + [True] * 4


def test_a_lake_of_which_no_time_is_known_is_exported(tmp_path):
    found = export_rows(write_lake(tmp_path, in_every_home(observation(last_updated=None))))

    assert len(found) == 4


def test_ten_thousand_entities_arrive(tmp_path):
    rows = [
        observation(
            home=HOMES[number % 4],
            entity_id=f"sensor.number_{number % 10_000}",
            state=f"{number}",
            attributes=json.dumps({"device_class": f"class {number}", "secret": number}),
            last_updated=NOON + timedelta(microseconds=number),
        )
        for number in range(24_000)
    ]
    found = export_rows(write_lake(tmp_path, rows))

    assert [row["state"] for row in found] == [row["state"] for row in rows]
    assert [json.loads(row["attributes"])["device_class"] for row in found] == [
        f"class {number}" for number in range(24_000)
    ]
    assert len({row["entity_id"] for row in found}) == 10_000


def test_attributes_of_a_megabyte_arrive(tmp_path):
    texts = [chr(65 + number % 26) * 1_000_000 for number in range(24)]
    rows = [
        observation(home=HOMES[n % 4], attributes=json.dumps({"device_class": text, "n": n}))
        for n, text in enumerate(texts)
    ]
    found = read_json(data(export(write_lake(tmp_path, rows), "json"), "json"))

    assert [row["attributes"]["device_class"] for row in found] == texts


def test_duckdb_counts_what_duckdb_counts_in_the_lake(large, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(data(export(large)))
    question = "SELECT count(*), sum(state::HUGEINT), count(DISTINCT home), max({0}) FROM {1}"
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        answers = [
            connection.execute(question.format(time, table)).fetchone()
            for time, table in (
                ("last_updated", f"read_parquet('{large}/*/*.parquet', hive_partitioning=false)"),
                ("last_updated::TIMESTAMPTZ", f"read_csv('{path}', all_varchar=true)"),
            )
        ]

    assert answers[0] == answers[1]
    assert answers[0][0] == 200_000


# Before the first byte


@pytest.mark.parametrize(
    "query",
    [Query(date_from=date(2030, 1, 1)), Query(units=("furlong",)), Query(types=("weather",))],
)
def test_no_observation_is_an_empty_dataset(lake, query):
    releases = Releases()
    with pytest.raises(EmptyDataset) as caught:
        Export(open_lake(str(lake)), order(query=query), releases)

    assert caught.value.status == 204
    assert caught.value.title == "Empty dataset"
    assert releases.number == 1


@pytest.mark.parametrize("wrong", ["missing", "empty", "damaged", "no column"])
def test_a_broken_lake_is_told_before_the_first_byte(tmp_path, wrong):
    folder = tmp_path / "lake"
    if wrong != "missing":
        folder.mkdir()
    if wrong == "damaged":
        (folder / "part.parquet").write_bytes(b"PAR1" + b"x" * 500 + b"PAR1")
    if wrong == "no column":
        table = duckdb.sql("SELECT 'h' || i AS home, 'sensor.x' AS entity_id FROM range(9) t(i)")
        table.write_parquet(str(folder / "part.parquet"))
    releases = Releases()

    with pytest.raises(LakeUnavailable) as caught:
        Export(open_lake(str(folder)), order(), releases)

    assert caught.value.status == 503
    assert str(tmp_path) not in caught.value.detail
    assert releases.number == 1
    assert open_files_below(folder) == []
    assert ("'state'" in caught.value.detail) == (wrong == "no column")


# A lake that breaks on the way


def broken_export(large, *formats, **changes):
    """What came, and the error that ended it."""
    releases = Releases()
    running = Export(open_lake(str(large)), order(*formats, **changes), releases)
    came = []
    with pytest.raises(LakeUnavailable) as caught:
        came.extend(running)
    running.close()
    assert releases.number == 1
    assert working_threads() == []
    assert open_files_below(large) == []
    return b"".join(came), caught.value


@pytest.mark.parametrize("name", FORMATS)
def test_damage_on_the_way_cuts_the_archive(large, name):
    garble(large / "date=2022-06-21" / "part-0.parquet")

    came, error = broken_export(large, name)

    assert came
    assert not is_whole(came)
    assert b"manifest.json" not in came
    assert error.status == 503


def test_damage_outside_the_period_does_not_matter(large):
    garble(large / "date=2022-06-21" / "part-0.parquet")

    assert is_whole(export(large, query=Query(date_to=date(2022, 6, 20))))


@pytest.mark.parametrize("change", ["replaced", "deleted", "row more"])
def test_a_lake_that_changes_between_two_formats_cuts_the_archive(large, change):
    path = large / "date=2022-06-21" / "part-0.parquet"
    running = Export(open_lake(str(large)), order("csv", "json"))
    came = [next(running)]
    while not any(b"2026-03-04.json" in piece for piece in came):
        came.append(next(running))
        if running.tally.rows == 200_000:  # the first format has read it all
            break
    if change == "deleted":
        path.unlink()
    else:
        rows = some_rows(36)[12:] if change == "replaced" else [*some_rows(36)[12:], observation()]
        write_file(path, rows)

    with pytest.raises(LakeUnavailable):
        came.extend(running)
    running.close()
    assert not is_whole(b"".join(came))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "on"),
        ("unit", "lx"),
        ("attributes", '{"brightness": 3}'),
        ("last_changed", "2022-06-20 00:00:00.000000"),
        ("state", None),
    ],
)
def test_a_value_that_changes_between_two_formats_cuts_the_archive(tmp_path, name, value):
    """In a database of which every pass sees what there is by then."""
    dice = np.random.default_rng(3)
    start, number = datetime(2022, 6, 20, 12, tzinfo=UTC), 60_000
    rows = [
        observation(
            home=HOMES[row % 4],
            state=f"{dice.random() * 100:.3f}",
            unit="W",
            last_changed=start,
            last_updated=start + timedelta(milliseconds=row),
        )
        for row in range(number)
    ]
    running = Export(sql_lake(tmp_path, rows), order("csv", "json"))
    came = [next(running), next(running)]
    assert eventually(lambda: running.tally.rows == number)  # the first format has read it all
    with closing(sqlite3.connect(tmp_path / "lake.sqlite")) as database, database:
        database.execute(f"UPDATE observations SET {name} = ? WHERE rowid = ?", (value, number))  # noqa: S608

    with pytest.raises(LakeUnavailable, match="changed while it was read"):
        came.extend(running)
    running.close()
    assert not is_whole(b"".join(came))


def test_a_time_that_cannot_be_written_cuts_the_archive_in_words(large):
    bad = large / "date=2022-06-22" / "part.parquet"
    bad.parent.mkdir()
    rows = some_rows(5)
    table = pa.Table.from_pylist(rows, LAKE_SCHEMA)
    late = pa.array([400_000_000_000_000_000] * 5).cast(pa.timestamp("us", "UTC"))  # year 14645
    table = table.set_column(table.schema.get_field_index("last_updated"), "last_updated", late)
    pq.write_table(table, bad)

    came, error = broken_export(large)

    assert not is_whole(came)
    assert "time" in error.detail


# Ending


STAGES = [0, 1, 3, 10, 15]  # pieces of 256 KiB


@pytest.mark.parametrize("formats", [("csv",), FORMATS], ids=["one format", "three formats"])
@pytest.mark.parametrize("taken", STAGES)
def test_closing_leaves_nothing_behind_at_any_stage(large, formats, taken):
    releases = Releases()
    running = Export(open_lake(str(large)), order(*formats), releases)
    for _ in range(taken):
        next(running)

    running.close()
    running.close()

    assert working_threads() == []
    assert open_files_below(large) == []
    assert releases.number == 1


def test_closing_after_the_end_leaves_nothing_behind(lake):
    releases = Releases()
    running = Export(open_lake(str(lake)), order(*FORMATS), releases)
    archive = b"".join(running)
    running.close()
    running.close()

    assert is_whole(archive)
    assert working_threads() == []
    assert open_files_below(lake) == []
    assert releases.number == 1


@pytest.mark.parametrize("formats", [("csv",), FORMATS], ids=["one format", "three formats"])
@pytest.mark.parametrize("taken", STAGES)
def test_what_comes_after_closing_never_makes_a_whole_archive(large, formats, taken):
    running = Export(open_lake(str(large)), order(*formats))
    came = [next(running) for _ in range(taken)]
    running.close()

    with pytest.raises(Exception, match=r"."):
        came.extend(running)

    assert not is_whole(b"".join(came))
    assert working_threads() == []


def test_what_comes_after_closing_a_small_export_never_makes_a_shorter_whole_archive(tmp_path):
    rows = [
        observation(home=HOMES[n % 4], last_updated=NOON + timedelta(days=n)) for n in range(40)
    ]
    lake = write_lake(tmp_path, rows)
    for taken in range(2):
        running = Export(open_lake(str(lake)), order())
        came = [next(running) for _ in range(taken)]
        running.close()
        try:
            came.extend(running)
        except Exception:  # noqa: BLE001, S112 - any end but a whole shorter archive is right
            continue
        assert len(read_csv(data(b"".join(came)))) == len(rows)


def test_an_export_that_nobody_closes_frees_all_when_it_is_forgotten(large):
    running = Export(open_lake(str(large)), order())
    assert open_files_below(large)

    del running
    gc.collect()

    assert open_files_below(large) == []


def test_a_reader_that_stalls_is_given_up(large):
    releases = Releases()
    running = Export(open_lake(str(large)), order("json", patience=0.5), releases)
    came = [next(running) for _ in range(3)]

    assert releases.happened.wait(LONG)
    assert open_files_below(large) == []
    with pytest.raises(Stalled):
        came.extend(running)
    assert not is_whole(b"".join(came))
    running.close()
    assert releases.number == 1
    assert working_threads() == []


def test_exports_side_by_side_do_not_disturb_each_other(large):
    expected = data(export(large))
    found = []

    def run():
        found.append(data(export(large)) == expected)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)

    assert found == [True] * 2
    assert working_threads() == []


def test_the_tally_tells_what_has_passed(large):
    running = Export(open_lake(str(large)), order())
    b"".join(running)
    running.close()

    assert running.tally.rows == 200_000
    assert len(running.tally.homes) == len(HOMES)


def test_the_first_and_the_last_instant_are_in_the_archive(tmp_path):
    times = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]
    lake = write_lake(tmp_path, in_every_home(*(observation(last_updated=t) for t in times)))

    archive = export(lake, query=Query(date.min, date.max))

    assert {row["last_updated"] for row in read_csv(data(archive))} == {
        "0001-01-01T00:00:00.000000Z",
        "9999-12-31T23:59:59.999999Z",
    }


def test_formulas_stay_where_the_administrator_says_so(tmp_path):
    lake = write_lake(tmp_path, in_every_home(observation(state="=1+1")))

    assert {row["state"] for row in export_rows(lake)} == {"'=1+1"}
    assert {row["state"] for row in export_rows(lake, options=Options(False))} == {"=1+1"}


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "xml", "parquet", "xlsx"])
def test_what_an_export_remembered_is_freed_at_its_end(large, name):
    export(large, name)  # what is held for good is there from the first one on
    gc.collect()
    gc.disable()  # or it would only be freed some time later
    try:
        before = pa.total_allocated_bytes()
        export(large, name)
        assert pa.total_allocated_bytes() - before < 100_000
    finally:
        gc.enable()
