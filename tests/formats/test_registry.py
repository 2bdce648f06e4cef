"""A new format is a file and a line; names are checked when it is added."""

import pytest

from ckanext.export.errors import Misconfigured
from ckanext.export.formats import describe_formats, extend, find_format, registry
from ckanext.export.formats.csv import Csv


def named(text: str) -> type[Csv]:
    return type("Named", (Csv,), {"name": text})


ORDER = ["csv", "json", "xml", "jsonl", "tsv", "parquet", "xlsx"]


def test_formats_are_offered_in_this_order():
    assert list(registry()) == ORDER
    assert [about["name"] for about in describe_formats()] == ORDER


@pytest.fixture
def another():
    """Another extension's formats, for one test."""
    formats: list[type[Csv]] = []
    extend(lambda: formats)
    yield formats
    extend(tuple)


def test_formats_of_others_are_offered_last_and_as_long_as_they_are_there(another):
    another.append(named("geo"))
    assert list(registry())[-1] == "geo"
    assert find_format("GEO") is another[0]

    another.clear()
    assert "geo" not in registry()


@pytest.mark.parametrize(
    "name", ["dataset", "formats", "ui", "openapi.json", "csv", "Parquet", "a/b", ""]
)
def test_reserved_known_and_unfit_names_are_refused(another, name):
    another.append(named(name))

    with pytest.raises(Misconfigured) as caught:
        registry()
    assert repr(name) in caught.value.inside


def test_the_registry_cannot_be_changed_from_outside():
    registry().clear()

    assert "csv" in registry()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("csv", "text/csv"),
        ("json", "application/json"),
        ("xml", "application/xml"),
        ("tsv", "text/tab-separated-values"),
        ("parquet", "application/vnd.apache.parquet"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_media_types_are_the_registered_ones(name, media_type):
    assert registry()[name].media_type == media_type
