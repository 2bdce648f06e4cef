"""The page tells the rules of privacy in force, as one paragraph in the visitor's language."""

import pytest

from ckanext.export.privacy import in_words
from tests.builders import policy

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export"),
    pytest.mark.usefixtures("with_plugins", "lake"),
]
RULES = '//section[@class="export-rules"]/p'
CHOICES = {
    "entities": {
        "words": "Words of entity ids that may be names are replaced",
        "pseudonym": "the rest is replaced by a token",
        "keep": "Entity ids leave as they are",
    },
    "texts": {
        "known": "words that Home Assistant itself uses",
        "checked": "States that look like an identifier",
    },
    "time": {
        "exact": "Times are exact.",
        "minute": "Times are cut to minutes.",
        "hour": "Times are cut to hours.",
    },
}


def test_the_rules_are_one_paragraph(visit):
    page = visit("/export")

    assert len(page.root.xpath(RULES)) == 1
    told = page.text(RULES)
    for words in (
        "Homes have pseudonyms",
        "Only these producer types leave the data lake: air_quality, binary_sensor,",
        CHOICES["entities"]["words"],
        CHOICES["texts"]["known"],
        "Units that are not known are left empty.",
        "Attributes that are not known to be harmless are left out.",
        CHOICES["time"]["exact"],
        "There is no export of fewer than 3 homes.",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("key", "choice"), [(key, choice) for key, choices in CHOICES.items() for choice in choices]
)
def test_they_are_those_in_force(visit, ckan_config, key, choice):
    ckan_config[f"ckanext.export.privacy.{key}"] = choice
    told = visit("/export").text(RULES)

    assert [other for other, words in CHOICES[key].items() if words in told] == [choice]


def test_one_home_is_no_rule(visit, ckan_config):
    ckan_config["ckanext.export.privacy.min_homes"] = 1

    assert "fewer than" not in visit("/export").text(RULES)


@pytest.mark.parametrize("locale", ["pt_PT", "pt_BR"])
def test_they_are_told_in_portuguese(visit, ckan_config, locale):
    ckan_config["ckanext.export.privacy.types"] = ["sensor", "light"]
    told = visit(f"/{locale}/export").text(RULES)

    assert "As casas têm pseudónimos" in told
    assert "observações destes tipos de produtor: sensor, light." in told
    assert "Não há exportações de menos de 3 casas." in told
    assert not [rule for rule in in_words(policy()) if rule in told]


def test_a_portal_without_a_key_tells_none(visit, ckan_config):
    ckan_config["ckanext.export.privacy.key"] = "too short"
    page = visit("/export")

    assert not page.root.xpath(RULES)
    assert "not set up right" in page.text('//*[@class="alert alert-danger"]')
