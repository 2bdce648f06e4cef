"""The preview shows what the export will hold, and about how large it will be."""

import csv
import io

import pytest

from ckanext.export.errors import EmptyDataset, TooFewHomes
from ckanext.export.formats import find_formats
from ckanext.export.formats.base import Options
from ckanext.export.lake import open_lake
from ckanext.export.preview import Preview, preview
from ckanext.export.query import Query
from tests.builders import (
    data,
    export,
    in_every_home,
    observation,
    open_files_below,
    policy,
    some_rows,
    write_lake,
    write_large_day,
)


def seen(folder, *formats, query=Query(), **changes) -> Preview:  # noqa: B008 - frozen
    kinds = find_formats(formats or ["csv"])
    return preview(open_lake(str(folder)), policy(**changes), query, kinds, Options())


def exported(folder, **changes) -> list[list[str]]:
    text = data(export(folder, "csv", **changes)).decode()
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("query", [Query(), Query(types=("light",)), Query(units=("W", "%"))])
def test_the_first_rows_are_those_of_the_export(tmp_path, query):
    folder = write_lake(tmp_path, some_rows())
    found = seen(folder, query=query)

    header, *rows = exported(folder, query=query)
    assert found.header == header
    assert len(rows) >= 10
    assert found.rows == rows[:10]


def test_they_are_so_where_times_are_cut_and_rows_are_mixed(tmp_path):
    write_large_day(tmp_path, "2022-06-20", 20_000)
    _, *rows = exported(tmp_path, policy=policy(time_step="hour"))

    assert seen(tmp_path, time_step="hour").rows == rows[:10]


def test_nothing_private_is_in_it(tmp_path):
    rows = in_every_home(
        observation(state="anna@example.org"), observation(entity_id="person.anna", type="person")
    )
    text = str(seen(write_lake(tmp_path, rows)))

    for private in ("anna", "villa", "Kitchen", "example.org"):
        assert private not in text


def test_formulas_are_escaped_where_csv_is_asked_for(tmp_path):
    folder = write_lake(tmp_path, in_every_home(observation(state="=1+1")))
    place = seen(folder).header.index("state")

    assert {row[place] for row in seen(folder, "csv", "json").rows} == {"'=1+1"}
    assert {row[place] for row in seen(folder, "json").rows} == {"=1+1"}


@pytest.mark.parametrize(
    "formats", [("csv",), ("json",), ("xml",), ("csv", "json", "xml", "jsonl", "tsv", "xlsx")]
)
def test_the_size_is_about_right(tmp_path, formats):
    for day in range(20, 24):
        write_large_day(tmp_path, f"2022-06-{day}", 15_000)

    expected = len(export(tmp_path, *formats))
    assert 0.8 < seen(tmp_path, *formats).size(60_000) / expected < 1.25


def test_few_rows_are_not_a_zip_of_nothing(tmp_path):
    folder = write_lake(tmp_path, in_every_home(observation()))

    assert 0.5 < seen(folder).size(4) / len(export(folder)) < 2


def test_too_few_homes_are_refused(tmp_path):
    with pytest.raises(TooFewHomes):
        seen(write_lake(tmp_path, [observation(), observation(home="another")]))


@pytest.mark.parametrize("query", [Query(units=("lx",)), Query(types=("person",))])
def test_nothing_is_told(tmp_path, query):
    with pytest.raises(EmptyDataset):
        seen(write_lake(tmp_path, some_rows()), query=query)


def test_it_leaves_nothing_open(tmp_path):
    write_large_day(tmp_path, "2022-06-20", 100_000)
    seen(tmp_path)

    assert open_files_below(tmp_path) == []
