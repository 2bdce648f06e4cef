"""A new format is a file and a line; names are checked when it is added."""

import pytest

from ckanext.export.formats import describe_formats, register, registry
from ckanext.export.formats.csv import Csv


def named(text: str) -> type[Csv]:
    return type("Named", (Csv,), {"name": text})


def test_the_first_three_formats_are_offered_in_this_order():
    assert list(registry())[:3] == ["csv", "json", "xml"]
    assert [about["name"] for about in describe_formats()][:3] == ["csv", "json", "xml"]


@pytest.mark.parametrize("name", ["dataset", "formats", "ui", "openapi.json", "csv", "Parquet"])
def test_reserved_known_and_capital_names_are_refused(name):
    with pytest.raises(ValueError, match=name):
        register(named(name))

    assert name == "csv" or name not in registry()


def test_the_registry_cannot_be_changed_from_outside():
    registry().clear()

    assert "csv" in registry()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("csv", "text/csv"), ("json", "application/json"), ("xml", "application/xml")],
)
def test_media_types_are_the_registered_ones(name, media_type):
    assert registry()[name].media_type == media_type
