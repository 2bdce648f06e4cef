"""The demo lake, read with DuckDB and pyarrow and compared with the source's own text."""

import csv
import gzip
import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ckanext.export.demo as demo
from ckanext.export.demo import DemoLakeError, make_demo_lake

SOURCE = Path(demo.__file__).with_name("house.csv.gz")
MEASURED = "house-stambruges-measured"


def digests(lake: Path) -> dict[str, str]:
    return {
        str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lake.rglob("*.parquet"))
    }


def ask(lake: Path, query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        connection.sql(f"CREATE VIEW o AS FROM read_parquet('{lake}/*/*.parquet')")  # noqa: S608
        rows = connection.sql(query).to_arrow_table().to_pylist()
    return [tuple(row.values()) for row in rows]


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("demo") / "lake"
    make_demo_lake(directory, days=4)
    return directory


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The whole period, few homes."""
    directory = tmp_path_factory.mktemp("demo") / "whole"
    make_demo_lake(directory, homes=3)
    return directory


def test_same_arguments_give_the_same_bytes(lake, tmp_path):
    make_demo_lake(tmp_path / "again", days=4)
    assert digests(tmp_path / "again") == digests(lake)
    assert len(digests(lake)) == 4


def test_fewer_days_give_the_same_files(lake, tmp_path):
    make_demo_lake(tmp_path / "short", days=2)
    short = digests(tmp_path / "short")
    assert len(short) == 2
    assert short.items() <= digests(lake).items()


def test_more_homes_leave_the_others_as_they_were(lake, tmp_path):
    make_demo_lake(tmp_path / "few", homes=5, days=4)
    query = "SELECT * FROM o WHERE home <= 'derived-home-05' ORDER BY ALL"
    assert ask(tmp_path / "few", query) == ask(lake, query)


def test_default_size(tmp_path):
    rows = make_demo_lake(tmp_path / "lake")
    assert 1_000_000 <= rows <= 1_300_000
    assert ask(tmp_path / "lake", "SELECT count(*), count(DISTINCT home) FROM o") == [(rows, 32)]


def test_columns_and_types(lake):
    path = next(lake.rglob("*.parquet"))
    schema = pq.ParquetFile(path).schema_arrow
    time = pa.timestamp("us", tz="UTC")
    text = pa.string()
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        "home": text,
        "entity_id": text,
        "type": text,
        "state": text,
        "unit": text,
        "last_changed": time,
        "last_updated": time,
        "attributes": text,
    }


def test_every_day_of_the_period_has_its_folder(whole):
    days = [date(2016, 1, 11) + timedelta(days=n) for n in range(138)]
    folders = sorted(path.name for path in whole.iterdir() if path.is_dir())
    assert folders == [f"date={day}" for day in days]
    assert days[-1] == date(2016, 5, 27)


def test_folders_are_utc_days_of_last_updated(whole):
    wrong = "SELECT count(*) FROM o WHERE CAST(last_updated AS DATE) <> date"
    assert ask(whole, wrong) == [(0,)]


def test_measured_home_has_the_source_unchanged(whole):
    clock = ZoneInfo("Europe/Brussels")
    with gzip.open(SOURCE, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = sorted(
        (datetime.fromisoformat(row["date"]).replace(tzinfo=clock).astimezone(UTC), row[column])
        for row in rows
        for column in ("T1", "RH_9", "Appliances")
    )
    found = ask(
        whole,
        f"""SELECT date_trunc('second', last_updated) AS t, state FROM o WHERE home = '{MEASURED}'
        AND entity_id IN ('sensor.kitchen_temperature', 'sensor.parents_room_humidity',
        'sensor.appliances_energy')""",  # noqa: S608
    )
    assert len(rows) == 4932
    assert sorted(found) == expected


def test_measured_home_has_nothing_invented(whole):
    found = ask(
        whole,
        f"SELECT DISTINCT type, state = 'unavailable' FROM o WHERE home = '{MEASURED}'",  # noqa: S608
    )
    assert found == [("sensor", False)]


def test_other_homes_are_called_derived(lake):
    homes = {home for (home,) in ask(lake, "SELECT DISTINCT home FROM o")} - {MEASURED}
    assert len(homes) == 31
    assert all(home.startswith("derived-home-") for home in homes)


def test_producer_types_and_units(lake):
    types = {kind for (kind,) in ask(lake, "SELECT DISTINCT type FROM o")}
    assert types == {
        "sensor",
        "light",
        "binary_sensor",
        "climate",
        "switch",
        "weather",
        "person",
        "device_tracker",
    }
    units = {unit for (unit,) in ask(lake, "SELECT DISTINCT unit FROM o")}
    assert {"°C", "℃", "%", "Wh", "W", "lx", "hPa", "mmHg", "m/s", "km/h", "km", "ppm"} <= units
    assert {"\u00b5g/m³", "\u03bcg/m³", None} <= units


def test_type_and_unit_agree_with_entity_and_attributes(lake):
    wrong = """SELECT count(*) FROM o WHERE NOT json_valid(attributes)
        OR type <> split_part(entity_id, '.', 1)
        OR unit IS DISTINCT FROM attributes->>'unit_of_measurement'"""
    assert ask(lake, wrong) == [(0,)]


def test_private_entities_have_something_to_hide(lake):
    query = """SELECT count(*) FROM o WHERE type = '{}' AND attributes->>'friendly_name' <> ''
        AND CAST(attributes->>'latitude' AS DOUBLE) BETWEEN 53 AND 56"""
    for kind in ("person", "device_tracker"):
        assert ask(lake, query.format(kind))[0][0] > 50


@pytest.mark.parametrize(
    "state",
    [
        "unavailable",
        "unknown",
        'Paket "groß", bitte klingeln\nDanke',
        '=HYPERLINK("http://example.org","click")',
        "+1 day",
        "@home",
        "居間の窓を閉めてください 🙂",
    ],
)
def test_dirty_states(lake, state):
    states = {found for (found,) in ask(lake, "SELECT DISTINCT state FROM o")}
    assert state in states
    assert None in states


def test_last_changed_is_the_beginning_of_the_state(lake):
    """Recomputed from the rows alone with a window function."""
    wrong = """
        WITH marked AS (
            SELECT *, coalesce(state, '') IS DISTINCT FROM lag(coalesce(state, '')) OVER w AS new
            FROM o WINDOW w AS (PARTITION BY home, entity_id ORDER BY last_updated)
        ), runs AS (
            SELECT *, max(CASE WHEN new THEN last_updated END) OVER (
                PARTITION BY home, entity_id ORDER BY last_updated) AS since
            FROM marked)
        SELECT count(*) FROM runs WHERE since <> last_changed"""
    assert ask(lake, wrong) == [(0,)]


def test_numbers_are_written_short(lake):
    long = (
        "SELECT DISTINCT state FROM o WHERE type = 'sensor' AND regexp_matches(state, '[.]\\d{4}')"
    )
    assert ask(lake, long) == []


def test_readme_says_what_is_measured_and_under_which_licence(lake):
    text = (lake / "README.txt").read_text("utf-8")
    for part in (MEASURED, "DERIVED, NOT MEASURED", "by/4.0", "10.1016/j.enbuild.2017.01.083"):
        assert part in text
    assert "{" not in text


def test_period_repeats_for_derived_homes_only(tmp_path):
    make_demo_lake(tmp_path / "long", homes=2, days=141)
    found = ask(
        tmp_path / "long",
        "SELECT date, list(DISTINCT home) FROM o GROUP BY ALL ORDER BY date DESC LIMIT 3",
    )
    assert found == [(date(2016, 5, day), ["derived-home-02"]) for day in (30, 29, 28)]


def test_progress_counts_days(tmp_path):
    seen = []
    make_demo_lake(tmp_path / "lake", 1, 3, lambda *done: seen.append(done))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_half_made_lake_leaves_nothing(tmp_path):
    def stop(done: int, days: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo_lake(tmp_path / "lake", 2, 3, stop)
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_is_taken(tmp_path):
    (tmp_path / "lake").mkdir()
    assert make_demo_lake(tmp_path / "lake", 1, 1) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


@pytest.mark.parametrize(("homes", "days"), [(0, 1), (-3, 1), (1, 0), (1, -1)])
def test_less_than_one_is_refused(tmp_path, homes, days):
    with pytest.raises(DemoLakeError, match="at least one"):
        make_demo_lake(tmp_path / "lake", homes, days)
    assert list(tmp_path.iterdir()) == []


def test_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DemoLakeError, match="not an empty folder"):
        make_demo_lake(tmp_path, 1, 1)
    with pytest.raises(DemoLakeError, match="not an empty folder"):
        make_demo_lake(tmp_path / "mine.txt", 1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
