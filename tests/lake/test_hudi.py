"""Hudi tables that Hudi itself has written (`hudi_tables.py`), judged by what Spark reads."""

import json
import shutil
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.lake import Storage, open_lake
from ckanext.export.query import Query
from tests.builders import export, members
from tests.lake.hudi_attributes import attributes
from tests.object_store import object_store

TABLES = Path(__file__).parent / "hudi"
NAMES = ("cow6", "cow8", "mor6", "mor8")
MEANINGS = attributes()


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def table(name, tmp_path):
    return unpack(name, tmp_path)


def unpack(name, folder):
    with zipfile.ZipFile(TABLES / f"{name}.zip") as packed:
        packed.extractall(folder / name)
    return folder / name


def read(table, query=Query(), **options):  # noqa: B008 - frozen
    with open_lake(f"hudi+file://{table}", **options).scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def truth(name):
    """What Spark reads."""
    for line in (TABLES / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        meaning = MEANINGS[row["attributes"]]
        yield {
            "home": row["uuid"],
            "entity_id": row["entity_id"],
            "type": row["entity_id"].split(".")[0],
            "state": row["state"],
            "unit": meaning.get("unit_of_measurement"),
            "last_changed": datetime.fromisoformat(row["last_changed"]),
            "last_updated": datetime.fromisoformat(row["last_updated"]),
            "attributes": meaning,
        }


def in_some_order(rows):
    return sorted(
        (row | {"attributes": repr(row["attributes"])} for row in rows),
        key=lambda row: (row["home"], row["entity_id"], row["last_updated"], row["state"]),
    )


def with_meaning(rows):
    return in_some_order(row | {"attributes": json.loads(row["attributes"])} for row in rows)


def test_every_observation_is_what_spark_reads(name, table):
    rows = read(table)

    assert with_meaning(rows) == in_some_order(truth(name))
    assert len(rows) > 40


def test_the_tables_hold_what_they_are_for(name):
    rows = list(truth(name))
    homes, entities = ({row[column] for row in rows} for column in ("home", "entity_id"))

    assert homes == {"anna", "çağla", "dora", "emil", "fritz"}  # björn has been deleted
    assert {"binary_sensor.door", "weather.home", "sensor.{hall}"} < entities
    assert {"late", "21.5", "17"} < {row["state"] for row in rows}


@pytest.mark.parametrize(
    "query",
    [
        Query(date_from=date(2022, 6, 21)),
        Query(date_to=date(2022, 6, 20)),
        Query(date(2022, 6, 21), date(2022, 6, 21)),
        Query(date(2022, 6, 19), date(2022, 6, 19)),
        Query(types=("sensor",)),
        Query(types=("light", "weather")),
        Query(types=("binary_sensor",)),
        Query(units=("℃",)),
        Query(date(2022, 6, 20), date(2022, 6, 20), ("light",)),
    ],
    ids=str,
)
def test_filters_leave_what_python_leaves_of_sparks_rows(name, table, query):
    wanted = [row for row in truth(name) if selected(row, query)]

    assert with_meaning(read(table, query)) == in_some_order(wanted)
    assert wanted


def selected(row, query):
    day = row["last_updated"].astimezone(UTC).date()
    return (
        (query.date_from or day) <= day <= (query.date_to or day)
        and (not query.types or row["type"] in query.types)
        and (not query.units or row["unit"] == "°C")
    )


def test_what_was_uploaded_late_is_of_the_day_it_was_observed(table):
    rows = read(table, Query(date(2022, 6, 20), date(2022, 6, 20)))

    assert [row["home"] for row in rows if row["state"] == "late"] == ["emil"]


def test_two_passes_give_the_same_rows_in_the_same_order(table):
    with open_lake(f"hudi+file://{table}").scan(Query()) as scan:
        passes = [[row for batch in scan.batches() for row in batch.to_pylist()] for _ in "ab"]

    assert passes[0] == passes[1] == read(table)


def test_the_same_commit_gives_the_same_files_and_stands_in_the_manifest(table):
    exported = [members(export(f"hudi+file://{table}", "csv", "json")) for _ in "ab"]

    for kind in ("csv", "json"):
        first, second = (zipped[f"smart-homes_2026-03-04.{kind}"] for zipped in exported)
        assert first == second
    told = json.loads(exported[0]["manifest.json"])
    assert told["lake_version"] == instants(table)[-1]
    assert told["ordered"]
    assert told["rows"] > 30


def test_the_version_is_the_instant_of_the_last_commit(name, table):
    with open_lake(f"hudi+file://{table}").scan(Query()) as scan:
        assert scan.version == instants(table)[-1]
    assert open_lake(f"hudi+file://{table}").inspect().facts["version"] == instants(table)[-1]


def instants(table):
    return sorted({path.name[:17] for path in (table / ".hoodie").rglob("*commit")})


@pytest.mark.parametrize("name", ["cow8", "mor6"])
def test_a_commit_during_an_export_is_not_in_it(table, tmp_path):
    moved = take_last_commit(table, tmp_path / "last")
    with open_lake(f"hudi+file://{table}").scan(Query()) as scan:
        for source, target in moved:
            shutil.move(target, source)
        during = [row for batch in scan.batches() for row in batch.to_pylist()]

        assert scan.version == instants(table)[-2]
    assert "björn" in {row["home"] for row in during}
    assert "björn" not in {row["home"] for row in read(table)}


def take_last_commit(table, aside):
    aside.mkdir()
    last = instants(table)[-1]
    found = [path for path in (table / ".hoodie").rglob("*") if path.name.startswith(last)]
    return [(path, shutil.move(path, aside / path.name)) for path in found]


def test_inspecting_names_what_is_and_what_is_not_data(name, table):
    inspection = open_lake(f"hudi+file://{table}").inspect()

    assert inspection.problems == []
    facts = inspection.facts
    assert facts["kind"] == f"Hudi table ({'copy on write' if 'cow' in name else 'merge on read'})"
    assert facts["columns of entities"] == "5"
    assert facts["derived columns"] == "type, unit"
    assert "software, tags" in facts["columns that are no entities"]


def test_a_damaged_file_is_the_lakes_fault(table):
    for path in table.glob("2022/6/20/*.parquet"):
        path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(LakeUnavailable):
        read(table)


@pytest.mark.parametrize("name", ["mor6"])
def test_logs_without_a_base_file_are_told_before_the_first_byte(table):
    """As an index of buckets makes them until the table is compacted; the driver fails on them."""
    for path in table.glob("2022/6/20/*.parquet"):
        path.unlink()

    with pytest.raises(LakeUnavailable) as failure:
        open_lake(f"hudi+file://{table}").scan(Query())
    assert "no base file" in failure.value.inside


@pytest.mark.parametrize("name", ["cow6"])
@pytest.mark.parametrize("damage", ["missing", "no table", "no commits"])
def test_what_is_no_table_is_told(table, damage):
    if damage == "no commits":
        for path in (table / ".hoodie").rglob("*commit*"):
            path.unlink()
    else:
        shutil.rmtree(table if damage == "missing" else table / ".hoodie")

    with pytest.raises(LakeUnavailable) as failure:
        read(table)
    assert str(table) not in failure.value.detail


def test_without_its_driver_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hudi", None)

    with pytest.raises(Misconfigured) as failure:
        open_lake("hudi+file:///nowhere").scan(Query())
    assert "ckanext-export[hudi]" in failure.value.inside


@pytest.mark.parametrize("name", ["cow8", "mor8"])
def test_a_table_in_an_object_store_gives_the_same_rows(name, table):
    store = object_store()
    lake = open_lake(f"hudi+{store.upload(table)}", storage=Storage.parse(store.options))

    with lake.scan(Query()) as scan:
        rows = [row for batch in scan.batches() for row in batch.to_pylist()]
    assert rows == read(table)


@pytest.mark.parametrize("name", ["cow8"])
@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_told_without_telling_them(table, wrong):
    store = object_store()
    options = store.options | {wrong: "SOMETHING-SECRET"}
    lake = open_lake(f"hudi+{store.upload(table)}", storage=Storage.parse(options))

    with pytest.raises(LakeUnavailable) as failure:
        lake.scan(Query())
    told = failure.value.explain() + repr(failure.value.__cause__) + repr(lake.storage)
    assert not any(secret in told for secret in (options["access_key"], options["secret_key"]))
