"""What an export would hold."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from ckanext.export.errors import LakeUnavailable, TooFewHomes
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from ckanext.export.summary import summarize
from tests.builders import (
    NOON,
    export_rows,
    garble,
    in_every_home,
    observation,
    open_files_below,
    policy,
    some_rows,
    write_lake,
    write_large_day,
)


def summary(folder, query=Query(), **changes):  # noqa: B008 - frozen
    return summarize(open_lake(str(folder)), policy(**changes), query)


@pytest.fixture
def lake(tmp_path):
    return write_lake(tmp_path, some_rows())


def test_it_counts_rows_homes_days_types_and_units(lake):
    assert summary(lake) == {
        "rows": 60,
        "homes": 4,
        "first_day": "2022-06-20",
        "last_day": "2022-06-22",
        "types": {"sensor": 36, "light": 12, "climate": 12},
        "units": {"": 24, "°C": 12, "%": 12, "W": 12},
        "days": {"2022-06-20": 12, "2022-06-21": 24, "2022-06-22": 24},
    }


def test_it_counts_what_an_independent_engine_counts(tmp_path):
    write_large_day(tmp_path, "2022-06-20", 100_000)
    write_large_day(tmp_path, "2022-06-21", 50_000)
    found = summary(tmp_path)

    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        days = connection.execute(
            "SELECT last_updated::DATE::TEXT, count(*) "
            "FROM read_parquet(?, hive_partitioning=false) GROUP BY 1",
            [f"{tmp_path}/*/*.parquet"],
        ).fetchall()
    assert found["days"] == dict(days)
    assert found["rows"] == 150_000


def test_it_takes_the_same_filters_as_an_export(lake):
    query = Query(date(2022, 6, 21), date(2022, 6, 21), ("sensor",), ("%", "W"))

    found = summary(lake, query)

    assert found["rows"] == len(export_rows(lake, query=query)) > 5
    assert set(found["units"]) == {"%", "W"}
    assert set(found["days"]) == {"2022-06-21"}


def test_it_counts_only_what_may_leave(tmp_path):
    rows = in_every_home(
        observation(),
        observation(entity_id="person.anna", type="person"),
        observation(entity_id="person.anna", type="sensor"),
    )
    found = summary(write_lake(tmp_path, [*rows, observation(home=None)]))

    assert found["rows"] == 4
    assert found["types"] == {"sensor": 4}


def test_nothing_is_zeros(lake):
    found = summary(lake, Query(date_from=date(2030, 1, 1)))

    assert (found["rows"], found["homes"], found["first_day"], found["days"]) == (0, 0, None, {})


def test_private_types_alone_are_zeros(lake):
    assert summary(lake, Query(types=("person",)))["rows"] == 0


def test_too_few_homes_are_refused(lake):
    with pytest.raises(TooFewHomes):
        summary(lake, min_homes=5)


def test_days_are_utc_and_end_to_the_microsecond(tmp_path):
    midnight = datetime(2022, 6, 21, tzinfo=UTC)
    times = [midnight - timedelta(microseconds=1), midnight, datetime(1969, 12, 31, 23, tzinfo=UTC)]
    rows = in_every_home(*(observation(last_updated=time) for time in times))

    assert summary(write_lake(tmp_path, rows))["days"] == {
        "1969-12-31": 4,
        "2022-06-20": 4,
        "2022-06-21": 4,
    }


def test_days_of_early_years_are_written_with_four_digits(tmp_path):
    time = datetime(999, 1, 2, tzinfo=UTC)
    found = summary(write_lake(tmp_path, in_every_home(observation(last_updated=time))))

    assert found["first_day"] == "0999-01-02"


def test_observations_without_a_time_have_no_day(tmp_path):
    rows = in_every_home(observation(last_updated=None), observation())
    found = summary(write_lake(tmp_path, rows))

    assert found["rows"] == 8
    assert found["days"] == {f"{NOON.date()}": 4}


def test_a_damaged_lake_is_told_and_nothing_is_left_open(tmp_path):
    write_large_day(tmp_path, "2022-06-20", 10_000)
    garble(write_large_day(tmp_path, "2022-06-21", 200_000))
    whole = open_lake(str(tmp_path))

    with pytest.raises(LakeUnavailable):
        summarize(whole, policy(attributes=()), Query(units=("°C",)))
    assert open_files_below(tmp_path) == []
