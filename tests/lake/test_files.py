"""The file lake: which files are read, and which are not even opened."""

import os
import shutil
from datetime import date, timedelta

import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import (
    LAKE_SCHEMA,
    NOON,
    garble,
    observation,
    open_files_below,
    some_rows,
    write_file,
    write_lake,
    write_large_day,
)

DAY = date(2022, 6, 20)
ONE_DAY = Query(DAY, DAY)


def states(folder, query=Query()):  # noqa: B008 - frozen
    with open_lake(str(folder)).scan(query) as scan:
        return [text for batch in scan.batches() for text in batch.column("state").to_pylist()]


@pytest.fixture
def lake(tmp_path):
    return write_lake(tmp_path / "lake", [observation(state="seen")])


@pytest.mark.parametrize(
    "path",
    [
        "date=2022-06-20/_part.parquet",
        "date=2022-06-20/.part.parquet",
        "_temporary/part.parquet",
        ".trash/date=2022-06-20/part.parquet",
        "date=2022-06-20/part.crc",
        "date=2022-06-20/part.parquet.tmp",
        "_SUCCESS",
        "README.md",
    ],
)
def test_what_engines_and_people_leave_beside_the_data_is_not_read(lake, path):
    (lake / path).parent.mkdir(parents=True, exist_ok=True)
    (lake / path).write_text("no Parquet")

    assert states(lake) == ["seen"]


def test_hidden_parquet_files_are_not_read(lake):
    write_file(lake / "date=2022-06-20" / "_late.parquet", [observation(state="hidden")])
    write_file(lake / ".old" / "part.parquet", [observation(state="hidden")])

    assert states(lake) == ["seen"]


def test_files_need_not_lie_in_folders_by_day(tmp_path):
    write_file(tmp_path / "all.parquet", some_rows(60))
    write_file(tmp_path / "deep" / "er" / "more.parquet", [observation(state="more")])

    assert len(states(tmp_path)) == 61
    assert len(states(tmp_path, ONE_DAY)) == 13


def test_a_folder_whose_day_is_no_day_is_read(lake):
    write_file(lake / "date=unknown" / "part.parquet", [observation(state="also")])

    assert sorted(states(lake, ONE_DAY)) == ["also", "seen"]


@pytest.mark.parametrize("damaged", ["2022-06-19", "2022-06-21", "1999-01-01"])
def test_files_of_other_days_are_not_opened(lake, damaged):
    other = lake / f"date={damaged}" / "part.parquet"
    other.parent.mkdir()
    other.write_bytes(b"damaged")

    assert states(lake, ONE_DAY) == ["seen"]
    with pytest.raises(LakeUnavailable):
        states(lake)


def bytes_read() -> int:
    """Bytes that this process asked the system for so far (Linux)."""
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])


def large_file(folder, column, values):
    """One file of twenty row groups, ordered by a column: 20,000 wide rows."""
    rows = [
        observation(state=f"{os.urandom(100).hex()}", **{column: values(number)})
        for number in range(20_000)
    ]
    return write_file(folder / "all.parquet", rows, row_group_size=1000, compression="zstd")


@pytest.mark.parametrize(
    ("column", "values", "query"),
    [
        (
            "last_updated",
            lambda n: NOON + timedelta(minutes=n),
            Query(date(2022, 7, 1), date(2022, 7, 1)),
        ),
        ("type", lambda n: f"type{n // 1000:02}", Query(types=("type07",))),
    ],
    ids=["time", "type"],
)
def test_row_groups_that_cannot_match_are_not_read(tmp_path, column, values, query):
    size = large_file(tmp_path, column, values).stat().st_size

    before = bytes_read()
    found = states(tmp_path, query)

    assert 1000 <= len(found) <= 1440
    assert bytes_read() - before < size / 4


def test_statistics_never_hide_a_row_at_their_border(tmp_path):
    rows = [observation(state=str(n), last_updated=NOON + timedelta(hours=n)) for n in range(72)]
    write_file(tmp_path / "all.parquet", rows, row_group_size=1)

    assert states(tmp_path, Query(date(2022, 6, 21), date(2022, 6, 21))) == [
        str(n) for n in range(12, 36)
    ]


def test_a_day_ends_to_the_microsecond_within_one_row_group(tmp_path):
    start = NOON - timedelta(hours=12)
    ticks = [timedelta(microseconds=-1), timedelta(0), timedelta(days=1, microseconds=-1)]
    times = [*(start + tick for tick in ticks), start + timedelta(days=1)]
    rows = [observation(state=str(n), last_updated=time) for n, time in enumerate(times)]
    write_file(tmp_path / "all.parquet", rows)

    assert states(tmp_path, ONE_DAY) == ["1", "2"]


def test_a_file_without_statistics_is_read(tmp_path):
    write_file(tmp_path / "all.parquet", some_rows(60), write_statistics=False)

    assert len(states(tmp_path, Query(DAY, DAY, types=("sensor",)))) == 8


def test_a_file_without_rows_is_no_obstacle(lake):
    write_file(lake / "date=2022-06-20" / "none.parquet", [])

    assert states(lake) == ["seen"]


@pytest.mark.parametrize("damage", ["truncated", "no footer", "empty", "text", "noise in footer"])
def test_a_damaged_file_is_an_unavailable_lake_before_any_row(lake, damage):
    path = write_large_day(lake, "2022-06-19", 10_000)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "no footer": whole[:-8],
            "empty": b"",
            "text": b"home,entity_id\n" * 100,
            "noise in footer": whole[:-400] + os.urandom(392) + whole[-8:],
        }[damage]
    )

    with pytest.raises(LakeUnavailable) as caught:
        states(lake)

    assert "damaged" in caught.value.detail
    assert str(lake) not in caught.value.detail
    assert str(path) in caught.value.inside


def test_a_file_cut_short_on_a_later_day_is_found_before_the_first_row(lake):
    later = lake / "date=2022-06-25" / "part.parquet"
    later.parent.mkdir()
    later.write_bytes((lake / "date=2022-06-20" / "part-0.parquet").read_bytes()[:-1])

    with pytest.raises(LakeUnavailable):
        open_lake(str(lake)).scan(Query())


def test_noise_in_the_data_ends_the_pass(lake):
    garble(write_large_day(lake, "2022-06-21", 200_000))
    batches = open_lake(str(lake)).scan(Query()).batches()

    assert next(batches).num_rows == 1
    with pytest.raises(LakeUnavailable) as caught:
        list(batches)

    assert "damaged" in caught.value.detail
    assert "2022-06-21" in caught.value.inside


def test_a_wrong_digit_is_noticed_where_the_writer_left_checksums(tmp_path):
    path = write_file(
        tmp_path / "part.parquet",
        [observation(state=f"state-{number:05}") for number in range(1000)],
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )
    content = path.read_bytes()
    assert content.count(b"state-00500") == 1
    path.write_bytes(content.replace(b"state-00500", b"state-00600"))

    with pytest.raises(LakeUnavailable):
        states(tmp_path)


@pytest.mark.parametrize("change", ["replaced", "deleted", "grown"])
def test_a_file_that_changes_between_two_passes_ends_the_second(tmp_path, change):
    lake = write_lake(tmp_path, some_rows(60))
    path = lake / "date=2022-06-21" / "part-0.parquet"
    with open_lake(str(lake)).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 60
        if change == "replaced":
            before = path.stat()
            write_file(path, [row | {"state": "7"} for row in some_rows(36)[12:]])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        elif change == "deleted":
            path.unlink()
        else:
            with path.open("ab") as file:
                file.write(b"more")
        with pytest.raises(LakeUnavailable):
            list(scan.batches())


def test_a_file_added_between_two_passes_is_not_read(lake):
    with open_lake(str(lake)).scan(Query()) as scan:
        write_file(lake / "date=2022-06-20" / "later.parquet", [observation(state="new")])

        assert [text for b in scan.batches() for text in b.column("state").to_pylist()] == ["seen"]


def test_nothing_is_written_into_the_lake(lake):
    def listing():
        return sorted((str(path), path.stat().st_mtime_ns) for path in lake.rglob("*"))

    before = listing()
    states(lake)
    open_lake(str(lake)).inspect()

    assert listing() == before


def test_a_lake_that_may_only_be_read_is_read(lake):
    for path in lake.rglob("*.parquet"):
        path.chmod(0o444)

    assert states(lake) == ["seen"]


def test_a_finished_pass_holds_no_file(tmp_path):
    lake = write_lake(tmp_path, some_rows(60))
    scan = open_lake(str(lake)).scan(Query())
    assert list(scan.batches())

    assert open_files_below(lake) == []


def test_a_pass_that_is_given_up_holds_no_file(tmp_path):
    write_large_day(tmp_path, "2022-06-20", 200_000)
    batches = open_lake(str(tmp_path)).scan(Query()).batches()
    next(batches)
    assert open_files_below(tmp_path)

    del batches

    assert open_files_below(tmp_path) == []


def test_inspecting_tells_which_file_is_damaged_and_counts_the_others(lake):
    bad = lake / "date=2022-06-21" / "bad.parquet"
    bad.parent.mkdir()
    bad.write_bytes(b"PAR1 no more")

    found = open_lake(str(lake)).inspect()

    assert [str(bad) in problem for problem in found.problems] == [True]
    assert found.facts["observations in the lake"] == "1"
    assert found.facts["files"] == "2"


def test_inspecting_tells_which_file_lacks_which_column(lake):
    shutil.rmtree(lake / "date=2022-06-20")
    schema = LAKE_SCHEMA.remove(LAKE_SCHEMA.get_field_index("state"))
    path = write_file(lake / "date=2022-06-20" / "part.parquet", [observation()], schema)

    found = open_lake(str(lake)).inspect()

    assert len(found.problems) == 1
    assert "'state'" in found.problems[0]
    assert str(path) in found.problems[0]


def test_inspecting_an_empty_folder_raises(tmp_path):
    with pytest.raises(LakeUnavailable):
        open_lake(str(tmp_path)).inspect()
