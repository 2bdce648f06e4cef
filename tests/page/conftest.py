"""A portal of the test client with a small lake, and how its pages are read."""

from pathlib import Path

import pytest
from lxml import html

from tests.builders import some_rows, write_lake


@pytest.fixture(autouse=True)
def three_homes(ckan_config):
    ckan_config["ckanext.export.privacy.min_homes"] = 3


@pytest.fixture
def lake(tmp_path, ckan_config) -> Path:
    """Observations of 2022-06-20 to 2022-06-22, of four homes."""
    folder = write_lake(tmp_path / "lake", some_rows())
    ckan_config["ckanext.export.lake.url"] = str(folder)
    return folder


class Read:
    """A page as a person sees it."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.root = html.fromstring(answer.text)

    def text(self, selector: str) -> str:
        """The words of the elements that a path finds."""
        found = self.root.xpath(selector)
        assert found, selector
        return " ".join(" ".join(element.itertext()) for element in found).strip()

    def note(self, field: str) -> str:
        """What stands beside a field."""
        return self.text(f'//*[@id="export-note-{field}"]')

    def numbers(self) -> dict[str, str]:
        names = [name.text for name in self.root.xpath('//dl[@class="export-numbers"]//dt')]
        values = [value.text for value in self.root.xpath('//dl[@class="export-numbers"]//dd')]
        return dict(zip(names, values, strict=True))

    def checked(self, field: str) -> list[str]:
        return self.root.xpath(f'//input[@name="{field}"][@checked]/@value')

    def offered(self, field: str) -> list[str]:
        return self.root.xpath(f'//input[@name="{field}"]/@value')


@pytest.fixture
def visit(app):
    """Opens a page, without following it elsewhere."""

    def open_page(path: str, **options) -> Read:
        return Read(app.get(path, follow_redirects=False, **options))

    return open_page
