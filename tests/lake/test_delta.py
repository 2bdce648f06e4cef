"""Delta tables: one version of them, no more files than needed, and what other engines do."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
from tests.lake.delta_log import actions, commit, delete_rows, write_delta
from tests.lake.several_days import DAY, DAYS, ONE_DAY, delete_all_but

WITH_DAY = LAKE_SCHEMA.append(pa.field("day", pa.date32()))
NAMED = {"delta.columnMapping.mode": "name"}
VECTORS = {"delta.enableDeletionVectors": "true"}


def read(url, query=Query(), **columns):  # noqa: B008 - frozen
    with open_lake(url, columns).scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def states(url, query=Query(), **columns):  # noqa: B008 - frozen
    return sorted(row["state"] for row in read(url, query, **columns))


def with_day(rows):
    return [row | {"day": row["last_updated"].date()} for row in rows]


def data_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def without(*names: str) -> pa.Schema:
    return pa.schema([field for field in LAKE_SCHEMA if field.name not in names])


def test_the_version_is_the_one_that_was_there_when_the_scan_began(tmp_path):
    url = write_delta(tmp_path, some_rows(20), some_rows(20))
    with open_lake(url).scan(Query()) as scan:
        first = [row for batch in scan.batches() for row in batch.to_pylist()]
        write_delta(tmp_path, some_rows(5))
        deltalake.DeltaTable(tmp_path).delete("type = 'sensor'")
        second = [row for batch in scan.batches() for row in batch.to_pylist()]

    assert scan.version == "1"
    assert first == second
    assert len(first) == 40
    with open_lake(url).scan(Query()) as scan:
        assert scan.version == "3"


def test_the_manifest_and_the_dataset_name_the_version(tmp_path):
    lake = open_lake(write_delta(tmp_path, in_every_home(observation()), some_rows(4)))

    archive = members(b"".join(Export(lake, order("csv"))))

    assert json.loads(archive["manifest.json"])["lake_version"] == "1"
    dataset = next(text for name, text in archive.items() if name.endswith("_metadata.json"))
    assert {"key": "lake_version", "value": "1"} in json.loads(dataset)["extras"]


def test_the_order_of_rows_is_that_of_the_files(tmp_path):
    commits = [[observation(state=f"{n}-{m}") for m in range(5)] for n in range(6)]
    url = write_delta(tmp_path, *commits)

    expected = [
        state
        for path in data_files(tmp_path)
        for state in pq.ParquetFile(path).read()["state"].to_pylist()
    ]
    assert [row["state"] for row in read(url)] == expected


@pytest.mark.parametrize("partition", [[], ["day"]], ids=["statistics", "partitions"])
def test_files_of_other_days_need_not_be_there(tmp_path, partition):
    commits = [with_day([row]) for row in DAYS]
    url = write_delta(tmp_path, *commits, schema=WITH_DAY, partition_by=partition)
    delete_all_but(tmp_path, "1")
    second = DAY + timedelta(days=1)

    assert states(url, Query(second, second)) == ["1"]
    with pytest.raises(LakeUnavailable):
        states(url)


def test_a_file_that_begins_with_the_next_day_need_not_be_there(tmp_path):
    midnight = NOON + timedelta(hours=12)
    commits = [[observation(state="day")], [observation(state="next", last_updated=midnight)]]
    url = write_delta(tmp_path, *commits)
    delete_all_but(tmp_path, "day")

    assert states(url, ONE_DAY) == ["day"]


@pytest.mark.parametrize("partition", [[], ["type"]], ids=["statistics", "partitions"])
def test_files_of_other_types_need_not_be_there(tmp_path, partition):
    commits = [[observation(type=kind, state=kind)] for kind in ("light", "sensor", "weather")]
    url = write_delta(tmp_path, *commits, partition_by=partition)
    delete_all_but(tmp_path, "sensor")

    assert states(url, Query(types=("sensor", "climate"))) == ["sensor"]


def test_only_the_row_groups_that_are_needed_are_read(tmp_path):
    rows = [observation(state=f"{n}", last_updated=NOON + timedelta(hours=n)) for n in range(48)]
    path = write_file(tmp_path / "part.parquet", rows, row_group_size=12, compression="none")
    deltalake.convert_to_deltalake(tmp_path)
    group = pq.read_metadata(path).row_group(3).column(LAKE_SCHEMA.get_field_index("state"))
    with path.open("r+b") as file:  # real damage, of the last row group alone
        file.seek(group.dictionary_page_offset)
        file.write(b"\xff" * group.total_compressed_size)

    assert len(states(f"delta+{tmp_path.as_uri()}", ONE_DAY)) == 12
    with pytest.raises(LakeUnavailable):
        states(f"delta+{tmp_path.as_uri()}")


def test_a_table_without_statistics_is_read(tmp_path):
    url = write_delta(
        tmp_path, *[[row] for row in DAYS], configuration={"delta.dataSkippingNumIndexedCols": "0"}
    )
    assert json.loads(actions(tmp_path, "add")[0]["stats"])["minValues"] == {}

    assert states(url, ONE_DAY) == ["0"]
    assert states(url) == ["0", "1", "2", "3"]


def test_a_column_that_came_later_is_null_before(tmp_path):
    write_delta(tmp_path, [observation(state="old")], schema=without("unit", "last_changed"))
    url = write_delta(tmp_path, [observation(state="new")], schema_mode="merge")

    found = {row["state"]: (row["unit"], row["last_changed"]) for row in read(url)}

    assert found == {"old": (None, None), "new": ("°C", NOON)}


def test_columns_that_the_table_lacks_are_derived(tmp_path):
    attributes = '{"unit_of_measurement":"lx"}'
    rows = [observation(entity_id="light.hall", attributes=attributes)]
    url = write_delta(tmp_path, rows, schema=without("type", "unit"))

    assert [(row["type"], row["unit"]) for row in read(url)] == [("light", "lx")]
    assert open_lake(url).inspect().facts["derived columns"] == "type, unit"


def test_columns_may_have_other_names(tmp_path):
    names = ["house" if name == "home" else name for name in LAKE_SCHEMA.names]
    schema = pa.schema([f.with_name(n) for f, n in zip(LAKE_SCHEMA, names, strict=True)])
    url = write_delta(tmp_path, [observation(house="villa")], schema=schema, partition_by=["house"])

    assert [row["home"] for row in read(url, home="house")] == ["villa"]
    with pytest.raises(LakeUnavailable, match="'home'"):
        read(url)


def test_values_of_partitions_come_from_the_log_as_they_are(tmp_path):
    homes = [*HOMES, "a b/c", "100%", "x=y&z", "東京", "%20", None]
    url = write_delta(tmp_path, [observation(home=home) for home in homes], partition_by=["home"])

    assert {row["home"] for row in read(url)} == set(homes)
    assert len(read(url)) == len(homes)


@pytest.mark.parametrize("partition", [[], ["type"]])
@pytest.mark.parametrize("mode", ["name", "id"])
def test_columns_may_be_called_otherwise_in_the_files(tmp_path, mode, partition):
    rows = some_rows(20)
    mapping = {"delta.columnMapping.mode": mode}
    url = write_delta(tmp_path, rows, configuration=mapping, partition_by=partition)
    assert "home" not in pq.ParquetFile(data_files(tmp_path)[0]).schema_arrow.names

    assert sorted(read(url), key=repr) == sorted(rows, key=repr)
    assert sorted(read(url, Query(DAY, DAY, ("sensor",))), key=repr) == sorted(
        (r for r in rows if r["last_updated"].date() == DAY and r["type"] == "sensor"), key=repr
    )


def test_a_renamed_column_is_known_by_its_new_name(tmp_path):
    url = write_delta(tmp_path, [observation(home="villa")], configuration=NAMED)
    data = actions(tmp_path, "metaData")[0]
    commit(
        tmp_path,
        {"metaData": data | {"schemaString": data["schemaString"].replace('"home"', '"house"')}},
    )

    assert [row["home"] for row in read(url, home="house")] == ["villa"]


def test_rows_deleted_by_a_vector_are_gone(tmp_path):
    rows = [observation(state=f"{n}", last_updated=NOON + timedelta(hours=n)) for n in range(48)]
    url = write_delta(tmp_path, rows, [observation(state="other")], configuration=VECTORS)
    delete_rows(tmp_path, actions(tmp_path, "add")[0], [0, 7, 13, 14, 40, 47])

    table = deltalake.DeltaTable(tmp_path)
    expected = pa.table(table.scan(columns=["state"]))["state"].to_pylist()
    assert states(url) == sorted(expected)
    assert len(expected) == 43
    assert states(url, Query(date_to=DAY)) == sorted(
        s for s in expected if s == "other" or int(s) < 12
    )
    assert open_lake(url).inspect().facts["observations in the lake"] == "43"


def test_rows_deleted_by_a_vector_are_gone_in_every_row_group(tmp_path):
    rows = [observation(state=f"{n}", last_updated=NOON + timedelta(hours=n)) for n in range(48)]
    write_file(tmp_path / "p q.parquet", rows, row_group_size=5)
    deltalake.convert_to_deltalake(tmp_path, configuration=VECTORS)
    if not actions(tmp_path, "protocol")[-1].get("readerFeatures"):
        table = deltalake.DeltaTable(tmp_path)
        feature = deltalake.TableFeatures.DeletionVectors
        table.alter.add_feature(feature, allow_protocol_versions_increase=True)
    deleted = [0, 4, 5, 21, 22, 46]
    delete_rows(tmp_path, actions(tmp_path, "add")[0], deleted)

    found = states(f"delta+{tmp_path.as_uri()}", Query(date_from=DAY + timedelta(days=1)))

    assert found == sorted(f"{n}" for n in range(12, 48) if n not in deleted)


def test_rows_deleted_by_a_vector_are_gone_from_every_batch(tmp_path):
    table = pa.Table.from_pylist([observation()], LAKE_SCHEMA).take(pa.array([0] * 150_000))
    place = table.schema.get_field_index("state")
    numbers = pa.array(range(150_000)).cast(pa.string())
    deltalake.write_deltalake(
        tmp_path, table.set_column(place, LAKE_SCHEMA.field(place), numbers), configuration=VECTORS
    )
    delete_rows(tmp_path, actions(tmp_path, "add")[0], [7, 140_000])

    with open_lake(write_delta(tmp_path)).scan(Query()) as scan:
        batches = [batch.column("state").to_pylist() for batch in scan.batches(("state",))]

    assert len(batches) > 1
    left = {state for states in batches for state in states}
    assert {f"{n}" for n in range(150_000)} - left == {"7", "140000"}


def test_the_times_of_spark_are_read(tmp_path):
    rows = [row | {"last_changed": observation()["last_changed"]} for row in some_rows(40)]
    write_file(tmp_path / "part.parquet", rows, use_deprecated_int96_timestamps=True)
    deltalake.convert_to_deltalake(tmp_path)

    assert read(f"delta+{tmp_path.as_uri()}") == rows


@pytest.mark.parametrize(
    "protocol",
    [
        {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timeTravelByMagic"]},
        {"minReaderVersion": 99, "minWriterVersion": 99},
    ],
    ids=["feature", "version"],
)
def test_what_the_export_does_not_know_is_refused(tmp_path, protocol):
    url = write_delta(tmp_path, [observation()])
    commit(tmp_path, {"protocol": {"writerFeatures": protocol.get("readerFeatures")} | protocol})

    with pytest.raises(LakeUnavailable) as caught:
        read(url)
    print(caught.value.explain())


def test_a_file_outside_of_the_table_is_refused(tmp_path):
    url = write_delta(tmp_path / "lake", [observation()])
    other = write_file(tmp_path / "elsewhere.parquet", [observation(state="secret")])
    added = actions(tmp_path / "lake", "add")[0]
    commit(tmp_path / "lake", {"add": added | {"path": other.as_uri()}})

    with pytest.raises(LakeUnavailable):
        read(url)


def test_files_that_were_cleaned_up_are_told_before_the_first_row(tmp_path):
    url = write_delta(tmp_path, *[[row] for row in DAYS])
    data_files(tmp_path)[-1].unlink()

    with pytest.raises(LakeUnavailable) as caught:
        open_lake(url).scan(Query())

    assert "gone" in caught.value.detail
    assert str(tmp_path) not in caught.value.detail
    assert data_files(tmp_path)[0].suffix in caught.value.inside
    assert len(open_lake(url).inspect().problems) == 1


def test_a_vacuum_ends_a_pass_and_says_why(tmp_path):
    url = write_delta(tmp_path, *[[row] for row in DAYS])
    with open_lake(url).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 4
        table = deltalake.DeltaTable(tmp_path)
        table.delete("state = '1'")
        table.vacuum(0, enforce_retention_duration=False, dry_run=False)

        with pytest.raises(LakeUnavailable, match="cleaned up"):
            list(scan.batches())


def test_a_file_cut_short_is_found_before_the_first_row(tmp_path):
    url = write_delta(tmp_path, *[[row] for row in DAYS])
    path = data_files(tmp_path)[-1]
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(LakeUnavailable):
        open_lake(url).scan(Query())


def test_what_is_no_table_is_an_unavailable_lake(tmp_path):
    for name in ("nowhere", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(LakeUnavailable) as caught:
            open_lake(f"delta+{(tmp_path / name).as_uri()}").scan(Query())
        assert str(tmp_path) not in caught.value.detail


@pytest.mark.parametrize("name", ["plain", "with space", "é 東京", "a#b", "a?b"])
def test_a_file_url_is_a_folder_whatever_its_name(tmp_path, name):
    assert len(read(write_delta(tmp_path / name, some_rows(10)))) == 10


def test_a_table_that_lost_all_its_rows_is_empty(tmp_path):
    url = write_delta(tmp_path, some_rows(10))
    deltalake.DeltaTable(tmp_path).delete()

    assert read(url) == []
    assert open_lake(url).inspect().facts["observations in the lake"] == "0"


def test_inspecting_tells_the_version_and_what_is_missing(tmp_path):
    url = write_delta(tmp_path, some_rows(10), some_rows(5), schema=without("state"))

    found = open_lake(url).inspect()

    assert found.facts["kind"] == "Delta table"
    assert found.facts["version"] == "1"
    assert found.facts["observations in the lake"] == "15"
    assert len(found.problems) == 1
    assert "'state'" in found.problems[0]


def test_a_pass_holds_one_file_and_none_at_its_end(tmp_path):
    url = write_delta(tmp_path, *[[row] for row in DAYS])
    batches = open_lake(url).scan(Query()).batches()
    next(batches)
    assert len(open_files_below(tmp_path)) == 1

    batches.close()

    assert open_files_below(tmp_path) == []


def test_nothing_is_written_into_the_table(tmp_path):
    url = write_delta(tmp_path, some_rows(10))
    before = sorted((str(path), path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))

    read(url)
    open_lake(url).inspect()

    assert sorted((str(p), p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before


def test_without_the_driver_the_error_names_the_extra(tmp_path, monkeypatch):
    url = write_delta(tmp_path, some_rows(10))
    monkeypatch.setitem(sys.modules, "deltalake", None)

    with pytest.raises(Misconfigured) as caught:
        open_lake(url).scan(Query())

    assert "ckanext-export[delta]" in caught.value.inside
