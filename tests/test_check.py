"""What an administrator is told about a lake."""

import pytest

from ckanext.export.check import check
from ckanext.export.errors import LakeUnavailable, TooFewHomes
from ckanext.export.lake import open_lake
from tests.builders import (
    LAKE_SCHEMA,
    observation,
    open_files_below,
    policy,
    some_rows,
    write_file,
    write_lake,
    write_large_day,
)
from tests.text_lakes import write_ndjson


def told(folder, seconds=0.0, columns=None, **changes):
    return list(check(open_lake(str(folder), columns), policy(**changes), seconds))


def without(*names):
    return LAKE_SCHEMA.empty_table().drop_columns(list(names)).schema


def line(lines, start):
    (found,) = [text for text in lines if text.startswith(start)]
    return found


def test_what_is_in_a_lake(tmp_path):
    rows = [*some_rows(60), observation(entity_id="person.anna", type="person", unit=None)]
    lines = told(write_lake(tmp_path, rows))

    assert line(lines, "kind:") == "kind: Parquet files"
    assert line(lines, "files:") == "files: 3"
    assert line(lines, "derived") == "derived columns: none"
    assert line(lines, "observations for export") == "observations for export: 60"
    assert line(lines, "homes") == "homes: 4"
    assert line(lines, "days") == "days: 2022-06-20 to 2022-06-22 (UTC)"
    assert line(lines, "producer types:") == "producer types: sensor 36, light 12, climate 12"
    assert line(lines, "producer types that stay") == (
        "producer types that stay in the lake: person 1"
    )
    assert line(lines, "units") == "units: (none) 24, °C 12, % 12, W 12"
    assert lines[-1] == "The lake is in order."


def test_how_fast_the_lake_answered(tmp_path):
    lines = told(write_lake(tmp_path, some_rows(60)))

    answered = line(lines, "The lake answered after ")
    assert " gave 60 observations in " in answered
    assert "a second" in answered


def test_what_is_derived_is_told_with_an_example(tmp_path):
    rows = [row | {"attributes": '{"unit_of_measurement":"lx"}'} for row in some_rows(12)]
    lines = told(write_lake(tmp_path, rows, without("type", "unit")))

    assert line(lines, "derived") == "derived columns: type, unit"
    assert "entity_id" in line(lines, "type is derived")
    assert line(lines, "type is derived").endswith("sensor.kitchen_temperature has 'sensor'")
    assert line(lines, "unit is derived").endswith("sensor.kitchen_temperature has 'lx'")


def test_what_cannot_be_derived_from_what_there_is_is_told(tmp_path):
    lines = told(write_lake(tmp_path, some_rows(12), without("unit")))

    assert line(lines, "unit is derived").endswith("none of the first observations has one")


def test_in_how_many_files_a_column_is_derived(tmp_path):
    write_file(tmp_path / "a.parquet", some_rows(12))
    write_file(tmp_path / "b.parquet", some_rows(12), without("unit"))

    assert line(told(tmp_path), "derived") == "derived columns: unit (in 1 of 2 files)"


def test_columns_with_other_names_are_told(tmp_path):
    rows = [{"house": row.pop("home"), **row} for row in some_rows(12)]
    write_ndjson(tmp_path / "part.jsonl", rows)

    lines = told(tmp_path, columns={"home": "house"})
    assert line(lines, "home is read") == "home is read from the column 'house'"
    with pytest.raises(LakeUnavailable) as caught:
        told(tmp_path)
    assert "no column 'home'" in caught.value.explain()
    assert "ckanext.export.lake.columns" in caught.value.explain()


def test_a_column_that_many_files_lack_is_one_problem(tmp_path):
    write_lake(tmp_path, some_rows(60), without("state"))

    with pytest.raises(LakeUnavailable) as caught:
        told(tmp_path)

    assert caught.value.explain().count("'state'") == 1
    assert "2 other files" in caught.value.explain()


def test_a_large_lake_is_read_for_a_while_only(tmp_path):
    for day in range(20, 25):
        write_large_day(tmp_path, f"2022-06-{day}", 200_000)

    lines = told(tmp_path, seconds=1e-9)

    assert "--seconds 0 reads all" in line(lines, "There are more")
    assert "1,000,000" not in line(lines, "The lake answered")
    assert line(lines, "observations in the lake") == "observations in the lake: 1,000,000"
    assert "in order" in lines[-1]
    assert lines[-1] != "The lake is in order."
    assert open_files_below(tmp_path) == []


def test_too_few_homes_for_any_export_are_told(tmp_path):
    with pytest.raises(TooFewHomes, match="min_homes"):
        told(write_lake(tmp_path, some_rows(12)), min_homes=5)


def test_a_lake_without_observations_is_told(tmp_path):
    write_file(tmp_path / "none.parquet", [])

    lines = told(tmp_path)

    assert line(lines, "observations for export") == "observations for export: 0"
    assert lines[-1] == "The lake is in order."
