"""What every kind of lake has to do. New cases join by a line in `lakes.py`."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ckanext.export.lake import KINDS
from ckanext.export.lake.sql import SqlLake
from ckanext.export.observations import SCHEMA, schema_of
from ckanext.export.query import Query
from tests.builders import NOON, observation, some_rows
from tests.contract.lakes import ASKED_FOR, GAPS, LAKES, NO_COUNT, NO_NUL, NO_ORDER

DAY = date(2022, 6, 20)
FIRST = datetime(2022, 6, 20, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def test_every_kind_of_lake_is_under_contract():
    others = {SqlLake}  # reads every scheme that is not in KINDS
    assert {kind for kind, _ in LAKES.values()} == set(KINDS.values()) | others
    assert set(GAPS) <= set(LAKES)


@pytest.fixture(params=[pytest.param(case, marks=ASKED_FOR.get(case, ())) for case in LAKES])
def fill(request, tmp_path):
    kind, filled = LAKES[request.param]

    def checked(rows):
        lake = filled(tmp_path, rows)
        assert isinstance(lake, kind)
        return lake

    return checked


@pytest.fixture
def gaps(request):
    return GAPS.get(request.node.callspec.params["fill"], set())


def scan_rows(lake, query=Query()):  # noqa: B008 - frozen
    with lake.scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def states(lake, query):
    return sorted(row["state"] for row in scan_rows(lake, query))


def in_some_order(rows):
    return sorted(rows, key=repr)


def test_every_observation_comes_once_and_as_it_is_stored(fill):
    rows = some_rows(100)

    assert in_some_order(scan_rows(fill(rows))) == in_some_order(rows)


def test_batches_have_the_canonical_schema(fill):
    with fill(some_rows()).scan(Query()) as scan:
        assert {batch.schema for batch in scan.batches()} == {SCHEMA}


@pytest.mark.parametrize("columns", [("home",), ("type", "last_updated"), ("attributes", "unit")])
def test_only_the_named_columns_come(fill, columns):
    query = Query(date(2022, 6, 20), date(2022, 6, 21), ("sensor",), ("°C",))
    with fill(some_rows()).scan(query) as scan:
        batches = list(scan.batches(columns))

    assert {batch.schema for batch in batches} == {schema_of(columns)}
    assert sum(batch.num_rows for batch in batches) == 8


def test_a_day_is_utc_and_whole_to_the_microsecond(fill):
    last = FIRST + timedelta(days=1) - MICROSECOND
    times = {
        "before": FIRST - MICROSECOND,
        "first": FIRST,
        "last": last,
        "after": last + MICROSECOND,
    }
    lake = fill([observation(state=state, last_updated=time) for state, time in times.items()])

    assert states(lake, Query(DAY, DAY)) == ["first", "last"]
    assert states(lake, Query(date_from=DAY)) == ["after", "first", "last"]
    assert states(lake, Query(date_to=DAY)) == ["before", "first", "last"]


def test_the_time_that_dates_select_on_is_last_updated(fill):
    lake = fill([observation(last_changed=NOON - timedelta(days=9))])

    assert len(scan_rows(lake, Query(DAY, DAY))) == 1


def test_an_observation_without_time_is_in_no_period(fill):
    lake = fill([observation(), observation(state="timeless", last_updated=None)])

    assert states(lake, Query()) == ["21.5", "timeless"]
    assert states(lake, Query(date_from=date.min)) == ["21.5"]
    assert states(lake, Query(date_to=DAY)) == ["21.5"]
    assert states(lake, Query(date_to=date.max, date_from=date.min)) == ["21.5"]


def test_types_are_alternatives_and_exact(fill):
    kinds = ("sensor", "light", "Light", "lights", "binary_sensor")
    lake = fill([observation(type=kind, state=kind) for kind in kinds])

    assert states(lake, Query(types=("light", "sensor"))) == ["light", "sensor"]
    assert states(lake, Query(types=("sens",))) == []


def test_units_are_alternatives_and_exact(fill):
    lake = fill([observation(unit=unit, state=str(unit)) for unit in ("°C", "W", "mW", "%", None)])

    assert states(lake, Query(units=("%", "W"))) == ["%", "W"]
    assert states(lake, Query(units=("w",))) == []


@pytest.mark.parametrize("asked", ["\u00b5g/m³", "\u03bcg/m³", "\u03bcg/m3"])
def test_compatible_forms_of_a_unit_are_found_and_left_as_they_are(fill, asked):
    lake = fill([observation(unit=unit, state=unit) for unit in ("\u00b5g/m³", "\u03bcg/m³", "g")])

    assert states(lake, Query(units=(asked,))) == ["\u00b5g/m³", "\u03bcg/m³"]


@pytest.mark.parametrize(("asked", "stored"), [("℃", "°C"), ("°C", "℃"), ("Ω", "\u2126")])
def test_one_sign_and_its_parts_are_the_same_unit(fill, asked, stored):
    assert states(fill([observation(unit=stored)]), Query(units=(asked,))) == ["21.5"]


def test_parameters_are_and_ed(fill):
    rows = some_rows(100)
    query = Query(date(2022, 6, 21), date(2022, 6, 22), ("sensor",), ("%",))

    wanted = [
        row
        for row in rows
        if row["last_updated"].date() in (date(2022, 6, 21), date(2022, 6, 22))
        and row["type"] == "sensor"
        and row["unit"] == "%"
    ]
    assert in_some_order(scan_rows(fill(rows), query)) == in_some_order(wanted)
    assert len(wanted) > 5


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE x', "%", "*", "sensor' --", "\x00"])
@pytest.mark.parametrize("name", ["types", "units"])
def test_a_filter_is_never_a_statement_or_a_pattern(fill, name, text):
    assert scan_rows(fill(some_rows(5)), Query(**{name: (text,)})) == [
        row for row in some_rows(5) if name == "units" and row["unit"] == text
    ]


@pytest.mark.parametrize("column", ["state", "unit", "last_changed", "attributes", "home"])
def test_nulls_stay_nulls(fill, column):
    rows = [observation(**{column: None}), observation()]

    assert in_some_order(scan_rows(fill(rows))) == in_some_order(rows)


def test_texts_of_the_whole_of_unicode_stay_as_they_are(fill, gaps):
    texts = [
        "",
        " ",
        "é",
        "東京",
        "\U0001f321",
        "\U0010fffd",
        *([] if NO_NUL in gaps else ["a\x00b"]),
        "\r\n\t",
        '"',
        "x" * 200_000,
    ]

    assert states(fill([observation(state=text) for text in texts]), Query()) == sorted(texts)


@pytest.mark.parametrize(
    "time",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    ],
    ids=str,
)
def test_times_of_all_years_are_read_and_selected(fill, time):
    lake = fill([observation(last_updated=time), observation()])

    assert len(scan_rows(lake, Query(time.date(), time.date()))) == 1
    assert len(scan_rows(lake, Query())) == 2


def test_a_second_pass_gives_the_same_rows_in_the_same_order(gaps, fill):
    with fill(some_rows(100)).scan(Query(types=("sensor",))) as scan:
        passes = [[row for batch in scan.batches() for row in batch.to_pylist()] for _ in "ab"]

    if NO_ORDER in gaps:
        assert not scan.ordered
        passes = list(map(in_some_order, passes))
    assert passes[0] == passes[1]
    assert passes[0]


def test_what_nobody_recorded_gives_no_rows(fill):
    lake = fill(some_rows())

    assert scan_rows(lake, Query(date_from=date(2030, 1, 1))) == []
    assert scan_rows(lake, Query(date_to=date(1999, 1, 1))) == []
    assert scan_rows(lake, Query(types=("toaster",))) == []


def test_a_cancelled_pass_ends_with_an_error_and_never_as_if_it_were_whole(fill):
    rows = [
        observation(state=str(n), last_updated=NOON + timedelta(days=n % 5)) for n in range(170_000)
    ]
    with fill(rows).scan(Query()) as scan:
        batches = scan.batches()
        got = next(batches).num_rows
        scan.cancel()

        with pytest.raises(Exception, match=r"."):
            got += sum(batch.num_rows for batch in batches)
        assert got < len(rows)


def test_closing_twice_is_closing(fill):
    scan = fill(some_rows()).scan(Query())
    scan.cancel()
    scan.close()
    scan.close()


def test_inspecting_tells_facts_and_finds_nothing_wrong(fill, gaps):
    found = fill(some_rows(60)).inspect()

    assert found.problems == []
    assert found.facts
    if NO_COUNT not in gaps:
        assert "60" in found.facts.values()
