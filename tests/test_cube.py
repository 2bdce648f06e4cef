"""The counted lake answers every question about a part of it as another engine does."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import duckdb
import pytest

from ckanext.export.cube import COLUMNS, Cube, Emptiness
from ckanext.export.errors import TooFewHomes
from ckanext.export.lake import open_lake
from ckanext.export.privacy import Protection
from ckanext.export.query import Query
from tests.builders import (
    NOON,
    in_every_home,
    observation,
    policy,
    some_rows,
    write_file,
    write_lake,
)


def counted(folder: Path, version: str | None = None, **changes) -> Cube:
    rules = policy(**changes)
    with open_lake(str(folder)).scan(rules.narrow(Query())) as scan:
        return Cube.count(Protection(rules).protect(scan.batches(COLUMNS)), version)


def in_duckdb(folder: Path, query: Query) -> tuple[int, int]:
    """Rows and homes, from SQL written for this test."""
    conditions = ["type IN ('sensor', 'light', 'climate')"]
    if query.date_from:
        conditions.append(f"last_updated::DATE >= '{query.date_from}'")
    if query.date_to:
        conditions.append(f"last_updated::DATE <= '{query.date_to}'")
    for name in ("types", "units"):
        if values := getattr(query, name):
            quoted = ", ".join(f"'{value}'" for value in values)
            conditions.append(f"{name[:-1]} IN ({quoted})")
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        (found,) = connection.sql(
            f"SELECT count(*), count(DISTINCT home) FROM read_parquet('{folder}/*/*.parquet',"  # noqa: S608
            f" hive_partitioning=false) WHERE {' AND '.join(conditions)}"
        ).fetchall()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """More homes than a byte has bits, and not all of them everywhere."""
    rows = [
        row | {"home": f"home {(number * number) % 21}"}
        for number, row in enumerate(some_rows(hours=300))
    ]
    return write_lake(tmp_path_factory.mktemp("lake"), rows)


DAYS = [(None, None), (date(2022, 6, 22), None), (date(2022, 6, 21), date(2022, 6, 24))]
KINDS = [(), ("sensor",), ("light", "climate")]
UNITS = [(), ("°C",), ("%", "W")]


@pytest.mark.parametrize(("days", "types", "units"), list(product(DAYS, KINDS, UNITS)))
def test_every_combination_of_filters(folder, days, types, units):
    query = Query(*days, types, units)
    found = counted(folder).summary(query, min_homes=1)

    assert (found["rows"], found["homes"]) == in_duckdb(folder, query)
    assert sum(found["types"].values()) == found["rows"]
    assert sum(found["units"].values()) == found["rows"]
    assert sum(found["days"].values()) == found["rows"]


def test_homes_of_one_day_may_stand_in_several_files(tmp_path):
    for number, row in enumerate(in_every_home(observation())):
        for copy in ("", " again"):
            path = tmp_path / "date=2022-06-20" / f"part-{number}{copy}.parquet"
            write_file(path, [row | {"home": row["home"] + copy}, row])

    found = counted(tmp_path).summary(Query(), min_homes=8)
    assert (found["rows"], found["homes"]) == (16, 8)


def test_it_is_the_same_after_it_was_stored(folder):
    cube = counted(folder, version="7")
    back = Cube.from_bytes(cube.to_bytes())

    for query in (Query(), Query(units=("W",)), Query(types=("person",))):
        assert back.summary(query, 1) == cube.summary(query, 1)
    assert back.version == "7"
    assert Cube.from_bytes(counted(folder).to_bytes()).version is None


def test_a_lake_of_nothing(folder):
    cube = Cube.from_bytes(counted(folder, types=("vacuum",)).to_bytes())

    assert cube.summary(Query(), 3)["rows"] == 0
    assert cube.summary(Query(types=("vacuum",)), 3)["homes"] == 0


def test_no_name_of_a_home_is_stored(tmp_path):
    rows = in_every_home(observation())
    stored = counted(write_lake(tmp_path, rows)).to_bytes()

    rules = policy()
    for row in rows:
        assert row["home"].encode() not in stored
        assert rules.pseudonym(row["home"]).encode() not in stored


def test_variants_of_a_unit_are_one(tmp_path):
    rows = in_every_home(observation(unit="µg"), observation(unit="μg"), observation(unit=None))
    cube = counted(write_lake(tmp_path, rows))

    assert cube.summary(Query(units=("μg",)), 3)["units"] == {"µg": 4, "μg": 4}


def test_a_part_of_few_homes_is_refused_and_the_whole_is_not(tmp_path):
    rows = [*in_every_home(observation()), observation(unit="lx"), observation(unit="W")]
    cube = counted(write_lake(tmp_path, rows))

    assert cube.summary(Query(), 3)["rows"] == 6
    for query in (Query(units=("lx",)), Query(units=("lx", "W"))):
        with pytest.raises(TooFewHomes) as caught:
            cube.summary(query, 3)
        assert not any(sign.isdigit() for sign in caught.value.detail)


def test_without_a_time_there_is_no_day(tmp_path):
    rows = in_every_home(observation(last_updated=None), observation())
    cube = counted(write_lake(tmp_path, rows))

    assert cube.summary(Query(), 3)["rows"] == 8
    assert cube.summary(Query(date_to=date(9999, 12, 31)), 3)["rows"] == 4
    assert cube.summary(Query(date_from=date(1, 1, 1)), 3)["rows"] == 4


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (Query(date_from=date(2030, 1, 1)), Emptiness(alone=("days",))),
        (Query(types=("person",), units=("W",)), Emptiness(alone=("types",))),
        (Query(types=("person",), units=("lx",)), Emptiness(alone=("types", "units"))),
        (Query(types=("light",), units=("W",)), Emptiness(together=("types", "units"))),
        (
            Query(date(2022, 6, 20), None, ("light",), ("W",)),
            Emptiness(together=("types", "units")),
        ),
    ],
)
def test_it_says_which_filter_leaves_nothing(folder, query, told):
    assert counted(folder).why_empty(query) == told


def test_days_may_be_to_blame_together_with_others(tmp_path):
    june = in_every_home(observation())
    july = in_every_home(
        observation(unit="W", last_updated=observation()["last_updated"].replace(month=7))
    )
    cube = counted(write_lake(tmp_path, [*june, *july]))

    query = Query(date_to=date(2022, 6, 30), units=("W",))
    assert cube.why_empty(query) == Emptiness(together=("days", "units"))


def test_types_units_and_days_of_too_few_homes_are_not_told(tmp_path):
    rows = in_every_home(observation(), observation(last_updated=NOON + timedelta(days=1)))
    few = [
        observation(entity_id="climate.x", type="climate", unit=None),
        observation(unit="W"),
        observation(last_updated=NOON + timedelta(days=2)),
        observation(last_updated=NOON - timedelta(days=300)),
    ]
    write_lake(tmp_path, rows + few)

    assert counted(tmp_path).summary(Query(), min_homes=4) == {
        "rows": 12,
        "homes": 4,
        "first_day": "2022-06-20",
        "last_day": "2022-06-21",
        "types": {"sensor": 11},
        "units": {"°C": 10},
        "days": {"2022-06-20": 6, "2022-06-21": 4},
    }


def test_many_small_groups_can_be_told_together(tmp_path):
    rows = in_every_home(observation())
    rows = [
        row | {"last_updated": NOON + timedelta(days=number)} for number, row in enumerate(rows)
    ]
    found = counted(write_lake(tmp_path, rows)).summary(Query(), min_homes=4)

    assert (found["rows"], found["homes"], found["days"]) == (4, 4, {})
    assert found["first_day"] is found["last_day"] is None
