"""Iceberg tables: catalogs, one snapshot, no more files than needed, and deleted rows."""

import json
import os
import shutil
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.typedef import Record
from pyiceberg.types import StringType, TimestamptzType

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.export import Export
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import (
    HOMES,
    LAKE_SCHEMA,
    NOON,
    in_every_home,
    members,
    observation,
    open_files_below,
    order,
    some_rows,
    write_file,
)
from tests.lake.iceberg_log import (
    NAME,
    add_file,
    data_files,
    delete_equal_rows,
    delete_rows,
    write_iceberg,
)
from tests.lake.several_days import DAY, DAYS, ONE_DAY, delete_all_but


def lake_of(folder, **columns):
    return open_lake(f"iceberg+sqlite:///{folder}/catalog.db", columns, NAME)


def read(lake, query=Query()):  # noqa: B008 - frozen
    with lake.scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def states(lake, query=Query()):  # noqa: B008 - frozen
    return sorted(row["state"] for row in read(lake, query))


def without(*names: str) -> pa.Schema:
    return pa.schema([field for field in LAKE_SCHEMA if field.name not in names])


def by(*names: str):
    """Prepares a table that is partitioned by the values of columns."""

    def prepare(table):
        with table.update_spec() as update:
            for name in names:
                update.add_identity(name)

    return prepare


def test_the_snapshot_is_the_one_that_was_there_when_the_scan_began(tmp_path):
    table = write_iceberg(tmp_path, some_rows(20), some_rows(20))
    with lake_of(tmp_path).scan(Query()) as scan:
        first = [row for batch in scan.batches() for row in batch.to_pylist()]
        write_iceberg(tmp_path, some_rows(5)).delete("type == 'sensor'")
        second = [row for batch in scan.batches() for row in batch.to_pylist()]

    assert scan.version == str(table.current_snapshot().snapshot_id)
    assert first == second
    assert len(first) == 40
    with lake_of(tmp_path).scan(Query()) as later:
        assert later.version == str(table.refresh().current_snapshot().snapshot_id)
        assert later.version != scan.version


def test_the_manifest_and_the_dataset_name_the_snapshot(tmp_path):
    table = write_iceberg(tmp_path, in_every_home(observation()))
    snapshot = str(table.current_snapshot().snapshot_id)

    archive = members(b"".join(Export(lake_of(tmp_path), order("csv"))))

    assert json.loads(archive["manifest.json"])["lake_version"] == snapshot
    dataset = next(text for name, text in archive.items() if name.endswith("_metadata.json"))
    assert {"key": "lake_version", "value": snapshot} in json.loads(dataset)["extras"]


def test_the_order_of_rows_is_that_of_the_files(tmp_path):
    commits = [[observation(state=f"{n}-{m}") for m in range(5)] for n in range(6)]
    table = write_iceberg(tmp_path, *commits)

    expected = [
        state
        for path in data_files(table)
        for state in pq.ParquetFile(path.removeprefix("file://")).read()["state"].to_pylist()
    ]
    assert [row["state"] for row in read(lake_of(tmp_path))] == expected


def test_files_of_other_days_need_not_be_there(tmp_path):
    write_iceberg(tmp_path, *[[row] for row in DAYS])
    delete_all_but(tmp_path, "1")
    second = DAY + timedelta(days=1)

    assert states(lake_of(tmp_path), Query(second, second)) == ["1"]
    with pytest.raises(LakeUnavailable):
        states(lake_of(tmp_path))


@pytest.mark.parametrize("partition", [(), ("type",)], ids=["statistics", "partitions"])
def test_files_of_other_types_need_not_be_there(tmp_path, partition):
    commits = [[observation(type=kind, state=kind)] for kind in ("light", "sensor", "weather")]
    write_iceberg(tmp_path, *commits, prepare=by(*partition))
    delete_all_but(tmp_path, "sensor")

    assert states(lake_of(tmp_path), Query(types=("sensor", "climate"))) == ["sensor"]


def test_times_without_a_zone_are_utc_and_filtered(tmp_path):
    schema = pa.schema(
        [
            f.with_type(pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
            for f in LAKE_SCHEMA
        ]
    )
    times = ("last_changed", "last_updated")
    rows = [row | {name: row[name].replace(tzinfo=None) for name in times} for row in DAYS]
    write_iceberg(tmp_path, *[[row] for row in rows], schema=schema)
    delete_all_but(tmp_path, "0")

    assert read(lake_of(tmp_path), ONE_DAY) == DAYS[:1]


def test_a_column_that_came_later_is_null_before(tmp_path):
    table = write_iceberg(
        tmp_path, [observation(state="old")], schema=without("unit", "last_changed")
    )
    with table.update_schema() as update:
        update.add_column("last_changed", TimestamptzType())
        update.add_column("unit", StringType())
    write_iceberg(tmp_path, [observation(state="new")])

    found = {row["state"]: (row["unit"], row["last_changed"]) for row in read(lake_of(tmp_path))}

    assert found == {"old": (None, None), "new": ("°C", NOON)}


def test_a_renamed_column_is_known_by_its_new_name(tmp_path):
    table = write_iceberg(tmp_path, [observation(home="villa")])
    for old, new in (("home", "house"), ("state", "home"), ("house", "state")):
        with table.update_schema() as update:
            update.rename_column(old, new)

    assert [(row["home"], row["state"]) for row in read(lake_of(tmp_path))] == [("21.5", "villa")]


def test_a_column_that_was_dropped_and_made_again_is_another_one(tmp_path):
    table = write_iceberg(tmp_path, [observation(state="old", unit="°F")])
    with table.update_schema() as update:
        update.delete_column("unit")
    with table.update_schema() as update:
        update.add_column("unit", StringType())
    write_iceberg(tmp_path, [observation(state="new")], schema=table.schema().as_arrow())

    assert {row["state"]: row["unit"] for row in read(lake_of(tmp_path))} == {
        "old": None,
        "new": "°C",
    }


def test_columns_that_the_table_lacks_are_derived(tmp_path):
    attributes = '{"unit_of_measurement":"lx"}'
    rows = [observation(entity_id="light.hall", attributes=attributes)]
    write_iceberg(tmp_path, rows, schema=without("type", "unit"))

    assert [(row["type"], row["unit"]) for row in read(lake_of(tmp_path))] == [("light", "lx")]
    assert lake_of(tmp_path).inspect().facts["derived columns"] == "type, unit"


def test_columns_may_have_other_names(tmp_path):
    names = ["house" if name == "home" else name for name in LAKE_SCHEMA.names]
    schema = pa.schema([f.with_name(n) for f, n in zip(LAKE_SCHEMA, names, strict=True)])
    write_iceberg(tmp_path, [observation(house="villa")], schema=schema)

    assert [row["home"] for row in read(lake_of(tmp_path, home="house"))] == ["villa"]
    with pytest.raises(LakeUnavailable, match="'home'"):
        read(lake_of(tmp_path))


def test_values_of_partitions_are_as_they_were_written(tmp_path):
    homes = [*HOMES, "a b/c", "100%", "x=y&z", "東京", "%20", None]
    rows = [observation(home=home) for home in homes]
    write_iceberg(tmp_path, rows, prepare=by("home"))

    assert {row["home"] for row in read(lake_of(tmp_path))} == set(homes)


def test_files_from_before_the_table_lack_ids_and_their_partitions(tmp_path):
    rows = [observation(state=f"{n}") for n in range(5)]
    path = write_file(tmp_path / "home=villa" / "part.parquet", rows, without("home"))
    add_file(write_iceberg(tmp_path, prepare=by("home")), path, Record("villa"))

    assert read(lake_of(tmp_path)) == [row | {"home": "villa"} for row in rows]


def test_deleted_rows_are_gone_from_every_row_group(tmp_path):
    rows = [observation(state=f"{n}", last_updated=NOON + timedelta(hours=n)) for n in range(48)]

    def small_groups(table):
        with table.transaction() as change:
            change.set_properties({"write.parquet.row-group-limit": "5"})

    table = write_iceberg(tmp_path, rows, [observation(state="other")], prepare=small_groups)
    [path] = [f for f in data_files(table) if pq.read_metadata(f[7:]).num_rows == 48]
    assert pq.read_metadata(path[7:]).num_row_groups > 5
    delete_rows(table, {path: [0, 4, 5, 21, 22]})
    delete_rows(table, {path: [22, 47], "file:///nowhere.parquet": [0]})

    left = table.scan().to_arrow()["state"].to_pylist()
    assert states(lake_of(tmp_path)) == sorted(left)
    assert len(left) == 43
    assert states(lake_of(tmp_path), Query(date_from=DAY + timedelta(days=1))) == sorted(
        state for state in left if state != "other" and int(state) >= 12
    )
    assert lake_of(tmp_path).inspect().facts["observations in the lake"] == "43"


def test_one_file_of_deletes_may_be_about_several_data_files(tmp_path):
    commits = [[observation(state=f"{n}-{m}") for m in range(4)] for n in range(3)]
    table = write_iceberg(tmp_path, *commits)
    first, second, third = data_files(table)
    delete_rows(table, {third: [3], first: [0, 1]})

    left = table.scan().to_arrow()["state"].to_pylist()
    assert states(lake_of(tmp_path)) == sorted(left)
    assert len(left) == 9


def test_equality_deletes_are_refused_and_never_overlooked(tmp_path):
    table = write_iceberg(tmp_path, some_rows(10))
    delete_equal_rows(table, "home", [HOMES[0]])

    with pytest.raises(LakeUnavailable, match="equality deletes"):
        lake_of(tmp_path).scan(Query())


def test_files_that_were_cleaned_up_are_told_before_the_first_row(tmp_path):
    table = write_iceberg(tmp_path, *[[row] for row in DAYS])
    os.unlink(data_files(table)[-1].removeprefix("file://"))

    with pytest.raises(LakeUnavailable) as caught:
        lake_of(tmp_path).scan(Query())

    assert "gone" in caught.value.detail
    assert str(tmp_path) not in caught.value.detail
    assert len(lake_of(tmp_path).inspect().problems) == 1


def test_a_table_in_which_nothing_was_ever_written_is_empty(tmp_path):
    write_iceberg(tmp_path)

    with lake_of(tmp_path).scan(Query()) as scan:
        assert scan.version is None
        assert list(scan.batches()) == []
    assert lake_of(tmp_path).inspect().facts["observations in the lake"] == "0"


def test_a_metadata_file_is_the_table_as_it_was_then(tmp_path):
    before = write_iceberg(tmp_path / "a lake", some_rows(20))
    write_iceberg(tmp_path / "a lake", some_rows(5))
    place = before.metadata_location

    lake = open_lake(f"iceberg+{place}")

    assert len(read(lake)) == 20
    assert lake.inspect().facts["version"] == str(before.current_snapshot().snapshot_id)


def test_a_folder_with_a_hint_is_its_newest_table(tmp_path):
    table = write_iceberg(tmp_path, some_rows(20))
    folder = Path(table.location().removeprefix("file://"))
    shutil.copy(
        table.metadata_location.removeprefix("file://"), folder / "metadata/v2.metadata.json"
    )
    (folder / "metadata" / "version-hint.text").write_text("2")

    assert len(read(open_lake(f"iceberg+file://{folder}"))) == 20


def test_a_catalog_may_have_a_name_and_a_warehouse(tmp_path):
    write_iceberg(tmp_path, some_rows(20))
    with sqlite3.connect(tmp_path / "catalog.db") as database:
        database.execute("update iceberg_tables set catalog_name = 'prod'")
        database.execute("update iceberg_namespace_properties set catalog_name = 'prod'")
    url = f"iceberg+sqlite:///{tmp_path}/catalog.db"

    assert len(read(open_lake(f"{url}?catalog=prod&warehouse=file:///x", table=NAME))) == 20
    with pytest.raises(LakeUnavailable, match="lacks its table"):
        open_lake(url, table=NAME).scan(Query())


@pytest.mark.parametrize("name", ["plain", "with space", "é 東京", "a&b"])
def test_a_catalog_is_a_file_whatever_its_name(tmp_path, name):
    write_iceberg(tmp_path / name, some_rows(10))

    assert len(read(lake_of(tmp_path / name))) == 10


def test_a_catalog_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(LakeUnavailable):
        lake_of(tmp_path).scan(Query())

    assert list(tmp_path.iterdir()) == []


def test_a_table_without_a_namespace_is_a_matter_of_configuration(tmp_path):
    write_iceberg(tmp_path, some_rows(10))

    with pytest.raises(Misconfigured, match="not set up") as caught:
        open_lake(f"iceberg+sqlite:///{tmp_path}/catalog.db").scan(Query())

    assert "ckanext.export.lake.table" in caught.value.inside


@pytest.mark.parametrize(
    "url",
    [
        "iceberg+postgresql://reader:s3cr%40t@127.0.0.1:9/catalog",
        "iceberg+https://client:s3cr%40t@127.0.0.1:9/catalog?token=s3cr%40t",
        "iceberg+file:///nowhere/v3.metadata.json?token=s3cr%40t",
    ],
)
def test_a_catalog_that_cannot_be_reached_says_nothing_of_its_password(url):
    lake = open_lake(url, table=NAME)

    with pytest.raises(LakeUnavailable) as caught:
        lake.scan(Query())

    for secret in ("s3cr@t", "s3cr%40t"):
        assert secret not in caught.value.explain()
        assert secret not in lake.place
        assert secret not in repr(lake)


def test_inspecting_tells_the_snapshot_and_what_is_missing(tmp_path):
    table = write_iceberg(tmp_path, some_rows(10), some_rows(5), schema=without("state"))

    found = lake_of(tmp_path).inspect()

    assert found.facts["kind"] == "Iceberg table"
    assert found.facts["place"] == f"sqlite:///{tmp_path}/catalog.db"
    assert found.facts["version"] == str(table.current_snapshot().snapshot_id)
    assert found.facts["observations in the lake"] == "15"
    assert len(found.problems) == 1
    assert "'state'" in found.problems[0]


def test_a_pass_holds_one_file_and_none_at_its_end(tmp_path):
    write_iceberg(tmp_path, *[[row] for row in DAYS]).catalog.close()
    batches = lake_of(tmp_path).scan(Query()).batches()
    next(batches)
    assert len(open_files_below(tmp_path)) == 1

    batches.close()

    assert open_files_below(tmp_path) == []


def test_nothing_is_written_into_the_lake(tmp_path):
    write_iceberg(tmp_path, some_rows(10)).catalog.close()
    before = sorted((str(path), path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))

    read(lake_of(tmp_path))
    lake_of(tmp_path).inspect()

    assert sorted((str(p), p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before


def test_without_the_driver_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiceberg.exceptions", None)

    with pytest.raises(Misconfigured) as caught:
        lake_of(tmp_path).scan(Query())

    assert "ckanext-export[iceberg]" in caught.value.inside
