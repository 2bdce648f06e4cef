"""What Hudi tables may hold beside the ordinary; the tables are written by `tests.hudi_lakes`."""

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.lake import Storage, open_lake
from ckanext.export.lake.hudi import HOME
from ckanext.export.lake.wide import WideTable
from ckanext.export.observations import COLUMNS
from ckanext.export.query import Query
from tests.hudi_lakes import observations, upload, write_commit
from tests.object_store import object_store

DAY = date(2022, 6, 20)
NOON = "2022-06-20T12:00:00+00:00"


def cell(**changes):
    return {
        "entity_id": "sensor.kitchen",
        "last_changed": NOON,
        "last_updated": NOON,
        "state": "21.5",
        "attributes": "{}",
    } | changes


def write(folder, *uploads, **columns):
    kinds = {"sensor_kitchen": observations()} | columns
    return write_commit(folder / "table", uploads, kinds)


def read(table, query=Query(), **columns):  # noqa: B008 - frozen
    with open_lake(f"hudi+file://{table}", columns).scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def states(table, query=Query()):  # noqa: B008 - frozen
    return [row["state"] for row in read(table, query)]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2022-06-20T12:46:04.198578+01:00", datetime(2022, 6, 20, 11, 46, 4, 198578, UTC)),
        ("2022-06-20T12:46:04-0930", datetime(2022, 6, 20, 22, 16, 4, tzinfo=UTC)),
        ("2022-06-20 12:46:04.5Z", datetime(2022, 6, 20, 12, 46, 4, 500000, UTC)),
        ("2022-06-20T12:46:04.198578999Z", datetime(2022, 6, 20, 12, 46, 4, 198578, UTC)),
        ("2022-06-20T12:46:04", datetime(2022, 6, 20, 12, 46, 4, tzinfo=UTC)),
        ("2022-06-20", datetime(2022, 6, 20, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_times_are_instants_whatever_their_zone(tmp_path, text, instant):
    cells = [cell(last_changed=text), cell()]

    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=cells))

    assert [row["last_changed"] for row in read(table)] == [
        instant,
        datetime(2022, 6, 20, 12, tzinfo=UTC),
    ]


@pytest.mark.parametrize("text", ["yesterday", "2022-06-31T00:00:00Z", "1655683200"])
def test_what_is_no_time_is_the_lakes_fault(tmp_path, text):
    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=[cell(last_updated=text)]))

    with pytest.raises(LakeUnavailable, match="'last_updated' has values that are no times"):
        read(table)


def test_empty_arrays_and_elements_are_no_observations(tmp_path):
    table = write(
        tmp_path,
        upload("anna", DAY, sensor_kitchen=[None, cell(state="1"), None]),
        upload("björn", DAY, sensor_kitchen=[]),
        upload("çağla", DAY, sensor_kitchen=None),
        upload("dora", DAY, sensor_kitchen=[cell(state="2")]),
    )

    assert [(row["home"], row["state"]) for row in read(table)] == [("anna", "1"), ("dora", "2")]


def test_columns_of_other_types_are_no_observations(tmp_path):
    others = {
        "sensor_text": pa.string(),
        "sensor_numbers": pa.list_(pa.int64()),
        "sensor_texts": pa.list_(pa.string()),
        "sensor_struct": pa.struct([("state", pa.string())]),
        "sensor_less": observations("entity_id", "state"),
    }
    values = {
        "sensor_text": "x",
        "sensor_numbers": [1],
        "sensor_texts": ["x"],
        "sensor_struct": {"state": "x"},
        "sensor_less": [{"entity_id": "sensor.less", "state": "x"}],
    }
    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=[cell()], **values), **others)

    assert states(table) == ["21.5"]
    facts = open_lake(f"hudi+file://{table}").inspect().facts
    assert all(name in facts["columns that are no entities"] for name in others)


def test_a_table_without_observations_is_told(tmp_path):
    row = upload("anna", DAY, software="x")
    table = write_commit(tmp_path / "table", [row], {"software": pa.string()})

    with pytest.raises(LakeUnavailable, match="no observations"):
        read(table)
    assert open_lake(f"hudi+file://{table}").inspect().problems


def test_a_missing_home_is_told_by_its_name(tmp_path):
    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=[cell()]))

    with pytest.raises(LakeUnavailable, match="'house'"):
        read(table, home="house")
    problems = open_lake(f"hudi+file://{table}", {"home": "house"}).inspect().problems
    assert problems == ["the table has no column 'house'"]


def test_home_and_fields_may_have_other_names(tmp_path):
    own = {"home": "house", "state": "value", "entity_id": "uuid", "attributes": "extra"}
    struct = [own.get(name, name) for name in cell()]
    renamed = {own.get(name, name): value for name, value in cell().items()}
    table = write(
        tmp_path,
        upload("anna", DAY, house="number 7", sensor_kitchen=[renamed]),
        house=pa.string(),
        sensor_kitchen=observations(*struct),
    )

    assert read(table, **own) == [
        {
            "home": "number 7",
            "entity_id": "sensor.kitchen",
            "type": "sensor",
            "state": "21.5",
            "unit": None,
            "last_changed": datetime(2022, 6, 20, 12, tzinfo=UTC),
            "last_updated": datetime(2022, 6, 20, 12, tzinfo=UTC),
            "attributes": "{}",
        }
    ]


def test_what_was_uploaded_a_day_too_early_is_found(tmp_path):
    """A home's clock may be wrong by some hours."""
    later = cell(last_updated="2022-06-21T05:00:00Z", state="ahead")
    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=[later]))

    assert states(table, Query(date(2022, 6, 21), date(2022, 6, 21))) == ["ahead"]


def test_partitions_that_are_no_days_are_read(tmp_path):
    row = upload("anna", DAY, sensor_kitchen=[cell()]) | {"path_day": 99}
    table = write(tmp_path, row)

    assert states(table, Query(date_from=DAY)) == ["21.5"]


@pytest.mark.parametrize("partition", ["path_year", "path_day,path_month,path_year", ""])
def test_other_partitions_are_all_read(tmp_path, partition):
    table = write_commit(
        tmp_path / "table",
        [upload("anna", date(2022, 1, 1), sensor_kitchen=[cell()])],
        {"sensor_kitchen": observations()},
        table__partition__fields=partition,
    )

    assert states(table, Query(date_from=DAY)) == ["21.5"]


@pytest.mark.parametrize(("zone", "problems"), [("UTC", 0), ("America/New_York", 1)])
def test_a_zone_in_which_commits_may_be_overlooked_is_told(tmp_path, monkeypatch, zone, problems):
    """hudi-rs skips commits whose local time does not exist or is ambiguous in its own zone."""
    table = write(tmp_path, upload("anna", DAY, sensor_kitchen=[cell()]))
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        told = open_lake(f"hudi+file://{table}").inspect().problems
    finally:
        monkeypatch.undo()
        time.tzset()

    assert len(told) == problems
    assert all("TZ=UTC" in problem for problem in told)


NAMES = (
    "sensor_kitchen",
    "binary_sensor_door",
    "binary_sensor",
    "a_sensor_x",
    "Sensor_hall",
    "light_sensor_hall",
    "sensors_x",
    "sensor__x_",
)


@pytest.mark.parametrize(
    ("types", "read"),
    [
        (("sensor",), {"sensor_kitchen", "Sensor_hall", "sensor__x_"}),
        (("binary_sensor",), {"binary_sensor_door"}),
        (("binary",), {"binary_sensor_door", "binary_sensor"}),
        (("light", "sensors"), {"light_sensor_hall", "sensors_x"}),
        (("light.x", "A{sensor"), {"a_sensor_x"}),
        (("kitchen", ""), set()),
        ((), set(NAMES)),
    ],
)
def test_only_columns_that_may_be_of_the_types_are_read(types, read):
    schema = pa.schema([(HOME, pa.string()), *((name, observations()) for name in NAMES)])

    assert set(WideTable(schema, {"home": HOME}).columns(types)) == read


def test_columns_are_not_judged_by_their_names_where_observations_have_a_type():
    fields = [name for name in COLUMNS if name != "home"]
    schema = pa.schema([(HOME, pa.string()), *((name, observations(*fields)) for name in NAMES)])

    assert set(WideTable(schema, {"home": HOME}).columns(("light",))) == set(NAMES)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Three days of noise from a sensor, and a lamp, in an object store that counts.

    What lies less than a megabyte apart is fetched in one piece, so there is more noise.
    """
    dice = np.random.default_rng(7)
    uploads = []
    for day in (DAY, DAY + timedelta(days=5), DAY + timedelta(days=6)):
        noise = [cell(state=dice.bytes(1_000).hex()) for _ in range(3_000)]
        lamp = [cell(entity_id="light.lamp", state="on", last_updated=f"{day}T12:00:00Z")]
        uploads.append(upload("anna", day, sensor_kitchen=noise, light_lamp=lamp))
    kinds = {"sensor_kitchen": observations(), "light_lamp": observations()}
    store = object_store()
    url = store.upload(write_commit(tmp_path_factory.mktemp("hudi"), uploads, kinds))
    return store, open_lake(f"hudi+{url}", storage=Storage.parse(store.options))


def fetched(stored, query):
    """Rows, and bytes of data that were read for them by partition."""
    store, lake = stored
    with lake.scan(query) as scan:
        store.forget()
        rows = sum(batch.num_rows for batch in scan.batches())
    sizes = Counter()
    for path, size in store.fetched:
        if path.endswith(".parquet"):
            sizes[path.split("/lake/")[1].rpartition("/")[0]] += size
    return rows, sizes


def test_only_the_columns_of_the_asked_types_are_fetched(stored):
    rows, whole = fetched(stored, Query())
    lamps, less = fetched(stored, Query(types=("light",)))

    assert (rows, lamps) == (9_003, 3)
    assert less.total() < whole.total() / 20


def test_only_partitions_that_may_hold_what_is_asked_are_fetched(stored):
    rows, sizes = fetched(stored, Query(date_from=DAY + timedelta(days=6), types=("light",)))

    assert rows == 1
    assert set(sizes) == {"2022/6/25", "2022/6/26"}
