"""The documentation is complete where a machine can tell, and it can be read."""

import re
from pathlib import Path

import docutils.core
import docutils.nodes
import docutils.utils
import pytest
import yaml

from ckanext.export.cli import export
from ckanext.export.formats import registry
from tests.contract.formats import GAPS

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.rst").read_text()
DECLARED = CHECKOUT / "ckanext/export/config_declaration.yaml"
PAGES = [
    "README.rst",
    "docs/administrators.rst",
    "docs/developers.rst",
    "docs/pictures.rst",
    "docs/users.rst",
]


def options() -> list[dict[str, str]]:
    groups = yaml.safe_load(DECLARED.read_text())["groups"]
    return [option for group in groups for option in group["options"]]


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("option", options(), ids=lambda option: option["key"])
def test_every_configuration_key_is_in_the_readme_as_it_is_declared(option):
    _, found, told = README.partition(f"\n``{option['key']}``\n")
    default = option.get("default", "")
    if isinstance(default, list):
        default = " ".join(default)
    elif isinstance(default, bool):
        default = str(default).lower()

    assert found
    told = words(told.partition("\n``ckanext.export.")[0])
    assert told.startswith(words(option["description"]))
    assert words(str(default)) in told


@pytest.mark.parametrize("option", options(), ids=lambda option: option["key"])
def test_every_configuration_key_is_declared_in_full(option):
    """With a default and a help, and with a type or validators that make something of it."""
    assert option["key"].startswith("ckanext.export.")
    assert "default" in option
    assert words(option["description"]).endswith(".")
    assert option.get("type") in ("int", "bool", "list") or option.get("validators")


@pytest.mark.parametrize("option", options(), ids=lambda option: option["key"])
def test_every_configuration_key_is_read_somewhere(option):
    readers = [path.read_text() for path in (CHECKOUT / "ckanext/export").glob("*.py")]

    assert any(f'"{option["key"]}"' in text for text in readers)


def test_the_readme_names_no_key_that_is_not_declared():
    named = set(re.findall(r"ckanext\.export(?:\.[a-z_]+)+", README))

    assert named <= {option["key"] for option in options()}


@pytest.mark.parametrize("command", sorted(export.commands))
def test_every_command_is_in_the_readme(command):
    assert f"\n``ckan export {command}``\n" in README


@pytest.mark.parametrize("page", ["README.rst", "docs/administrators.rst"])
def test_a_key_that_is_copied_from_the_documentation_is_refused(page):
    """Whoever copies an example has a key that everybody knows; this one is too short."""
    text = (CHECKOUT / page).read_text()
    keys = re.findall(r"^ +ckanext\.export\.privacy\.key = (.*)$", text, re.MULTILINE)

    assert keys
    assert all(len(key) < 16 for key in keys)


def test_the_readme_starts_with_two_commands():
    assert re.findall(r"^ +(\./portal .*)$", README, re.MULTILINE)[:2] == [
        "./portal up",
        "./portal test",
    ]


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_format_is_in_the_documentation_of_the_api(name):
    assert f"``/{name}``" in (CHECKOUT / "docs/users.rst").read_text()


@pytest.mark.parametrize("name", sorted(registry()))
def test_what_a_format_cannot_hold_is_in_its_documentation_and_nothing_else_is(name):
    users = (CHECKOUT / "docs/users.rst").read_text()
    _, _, chapter = users.partition("\nWhat a format cannot hold\n")
    entries = dict(re.findall(r"^(\w+)\n((?:    .*\n)+)", chapter, re.MULTILINE))

    told = words(entries.get(registry()[name].title, "")).rstrip(".")
    assert {gap for gap in told.split("; ") if gap} == GAPS[name]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_restructured_text_without_a_fault(page):
    strict = {
        "report_level": docutils.utils.Reporter.INFO_LEVEL,
        "halt_level": docutils.utils.Reporter.INFO_LEVEL,
        "syntax_highlight": "none",
        "input_encoding": "utf-8",
    }

    docutils.core.publish_string(
        (CHECKOUT / page).read_text(), writer_name="html5", settings_overrides=strict
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_underlined_title_has_become_one(page):
    """Without a blank line before it, it ends a paragraph, which is no fault to docutils."""
    document = docutils.core.publish_doctree((CHECKOUT / page).read_text())

    paragraphs = [node.astext() for node in document.findall(docutils.nodes.paragraph)]
    assert not [text for text in paragraphs if re.search(r"^[-=]{3,}$", text, re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES)
def test_links_to_other_pages_lead_somewhere(page):
    path = CHECKOUT / page
    for link in re.findall(r"<([^>:]+\.(?:rst|md))(?:#[^>]*)?>`_", path.read_text()):
        assert (path.parent / link).is_file(), link
