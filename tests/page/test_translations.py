"""Every word of the pages is in the catalogue, and English and Portuguese are complete."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from ckanext.export.formats import registry

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "ckanext/export/i18n"
LANGUAGES = ["en", "pt"]


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as opened:
        return read_mo(opened) if path.suffix == ".mo" else read_po(opened)


def messages(path: Path) -> set[str]:
    return {message.id for message in catalogue(path) if message.id}


def of(language: str, kind: str = "po") -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"ckanext-export.{kind}"


def test_the_template_is_what_is_in_the_code(tmp_path):
    pybabel = shutil.which("pybabel", path=Path(sys.executable).parent)
    assert pybabel
    made = tmp_path / "made.pot"
    command = [pybabel, "-q", "extract", "-F", "pyproject.toml", "-o", made, "."]
    subprocess.run(command, cwd=CHECKOUT, check=True)

    assert messages(made) == messages(FOLDER / "ckanext-export.pot")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_complete(language):
    found = catalogue(of(language))

    assert messages(of(language)) == messages(FOLDER / "ckanext-export.pot")
    for message in found:
        assert message.string, message.id
        assert not message.fuzzy
        if message.id:
            assert placeholders(message.string) == placeholders(message.id)


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w+\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    written = {message.id: message.string for message in catalogue(of(language)) if message.id}
    compiled = {m.id: m.string for m in catalogue(of(language, "mo")) if m.id}

    assert compiled == written


@pytest.mark.parametrize("name", sorted(registry()))
def test_descriptions_of_formats_are_translated(name):
    assert registry()[name].description in messages(FOLDER / "ckanext-export.pot")


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins", "lake")
def test_the_page_speaks_portuguese_in_portugal_and_in_brazil(app):
    for locale in ("pt_PT", "pt_BR"):
        page = app.get(f"/{locale}/export?types=person").text
        assert "Exportar observações" in page
        assert "Não há observações destes tipos de produtor: person" in page
        assert "Valores separados por vírgulas" in page
        assert f'action="/{locale}/export"' in page


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins", "lake")
@pytest.mark.parametrize("root_path", ["/data", "/data/{{LANG}}"])
def test_addresses_follow_the_path_of_the_portal(make_app, ckan_config, root_path):
    ckan_config["ckan.root_path"] = root_path
    page = make_app().get("/de/export").text

    place = root_path.replace("{{LANG}}", "de")
    for path in ("/export", "/export/live", "/export/preview?formats=csv"):
        assert f'"{place}{path}"' in page
    assert "http://test.ckan.net/data/api/export/csv</code>" in page
