"""Another extension adds a format and a lake, for as long as its plugin is loaded."""

from collections.abc import Iterator, Sequence

import ckan.plugins as p
import pyarrow as pa
import pytest
from ckan.exceptions import CkanConfigurationException

from ckanext.export.formats import registry
from ckanext.export.formats.base import RowFormat
from ckanext.export.interfaces import IExport
from ckanext.export.lake import kinds
from ckanext.export.lake.base import Inspection, Lake, Scan
from ckanext.export.observations import COLUMNS
from ckanext.export.query import Query
from tests.api.http import FORMATS, member, unpack
from tests.builders import canonical, some_rows


class Wiki(RowFormat):
    """Rows of a table in Wikipedia's markup."""

    name = "wiki"
    media_type = "text/x-wiki"
    extension = "wiki"
    title = "Wikitext"
    description = "A table for a wiki."
    tabular = False
    opening = "{|\n"
    closing = "|}\n"

    def around(self, column: str) -> tuple[str, str]:
        return ("|-\n|" if column == COLUMNS[0] else "|"), "\n"

    def text(self, column: str, value: str) -> str:
        return value.replace("|", "{{!}}")

    def null(self, column: str) -> str:
        return "|\n"


class Rooms(Lake, Scan):
    """A lake that is where the tests are."""

    def scan(self, query: Query) -> Scan:
        return self

    def inspect(self) -> Inspection:
        return Inspection({}, [])

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        yield canonical(some_rows(12)).select(list(columns))

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


class Example(p.SingletonPlugin):
    p.implements(IExport, inherit=True)

    def get_export_formats(self):
        return [Wiki]

    def get_export_lakes(self):
        return {"rooms": Rooms}


class Usurper(p.SingletonPlugin):
    p.implements(IExport, inherit=True)

    def get_export_formats(self):
        return [type("Mine", (Wiki,), {"name": "csv"})]


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.ckan_config("ckanext.export.lake.url", "rooms://hall")
@pytest.mark.with_plugins({"example": Example})
@pytest.mark.usefixtures("with_plugins")
class TestExample:
    def test_its_format_and_its_lake_make_an_export(self, app):
        answer = app.get("/api/export/dataset?formats=wiki,csv")
        archive = answer.data
        answer.close()

        assert answer.status_code == 200
        written = member(archive, ".wiki").decode()
        assert written.startswith("{|\n|-\n|home-")
        assert written.count("|-\n") == 12
        assert b"A table for a wiki." in unpack(archive)["README.txt"]

    def test_its_format_is_told_everywhere(self, app):
        assert app.get("/api/export/formats").body == ", ".join([*FORMATS, "wiki"])
        document = app.get("/api/export/openapi.json").json
        [parameter, *_] = document["paths"]["/{format}"]["get"]["parameters"]
        assert "wiki" in parameter["schema"]["enum"]
        listed = app.get("/api/3/action/export_format_list").json["result"]
        assert listed[-1]["description"] == "A table for a wiki."


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins")
class TestUnloading:
    def test_nothing_is_left_when_the_plugin_goes(self, monkeypatch):
        entry = type("Entry", (), {"load": staticmethod(lambda: Example)})
        found = p.core.entry_points
        monkeypatch.setattr(
            p.core,
            "entry_points",
            lambda **asked: {"example": entry} if asked["name"] == "example" else found(**asked),
        )
        p.load("example")
        assert "wiki" in registry()
        assert "rooms" in kinds()

        p.unload("example")

        assert list(registry()) == FORMATS
        assert "rooms" not in kinds()


def test_a_name_that_is_taken_stops_the_portal_with_the_reason(monkeypatch):
    from ckanext.export import interfaces

    monkeypatch.setattr(interfaces, "PluginImplementations", lambda interface: [Usurper()])

    with pytest.raises(CkanConfigurationException, match="'csv'"):
        interfaces.offer()
