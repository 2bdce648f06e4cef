"""The template dataset describes every export, as far as the visitor may read it."""

import json
from typing import Any

import pytest
from ckan.tests import factories
from ckan.tests.helpers import call_action

from ckanext.export import jobs, publish
from ckanext.export.model import Job
from ckanext.export.shortcomings import shortcomings
from tests.api.http import member
from tests.publishing.conftest import TYPE

pytestmark = [pytest.mark.usefixtures("with_plugins", "clean_db")]

SCHEMING = [
    pytest.mark.ckan_config("ckan.plugins", "export scheming_datasets"),
    pytest.mark.ckan_config("scheming.dataset_schemas", "tests.publishing:observations.yaml"),
    pytest.mark.ckan_config("scheming.dataset_fallback", "false"),
]


def scheming(test: Any) -> Any:
    """A portal with a type of dataset of its own."""
    for mark in SCHEMING:
        test = mark(test)
    return test


@pytest.fixture
def template(organization, ckan_config):
    ckan_config["ckanext.export.dataset"] = "the-template"
    return factories.Dataset(
        name="the-template",
        title="Homes of Hull",
        notes="How homes in Hull live.",
        license_id="odc-by",
        author="Hull's people",
        maintainer="The keeper",
        owner_org=organization["id"],
        tags=[{"name": "hull"}],
        extras=[{"key": "spatial_name", "value": "Hull"}, {"key": "rows", "value": "none"}],
    )


def metadata(app, path: str = "csv?types=light", **headers: str) -> dict[str, Any]:
    answer = app.get(f"/api/export/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return json.loads(member(answer.data, "_metadata.json"))


def test_it_describes_every_export(app, lake, template):
    found = metadata(app)
    extras = {extra["key"]: extra["value"] for extra in found["extras"]}

    assert found["title"] == "Homes of Hull"
    assert found["notes"] == "How homes in Hull live."
    assert found["license_id"] == "odc-by"
    assert found["author"] == "Hull's people"
    assert found["maintainer"] == "The keeper"
    assert found["owner_org"] == "hull-homes"
    assert found["tags"] == [{"name": "hull"}]
    assert extras["spatial_name"] == "Hull"
    assert extras["rows"] == "12"
    assert found["name"].startswith("smart-homes-")
    assert "id" not in found


def test_the_portal_takes_the_description_as_it_is(app, lake, template):
    found = metadata(app)

    made = call_action("package_create", **found)

    assert made["title"] == "Homes of Hull"
    assert made["organization"]["name"] == "hull-homes"


def test_what_it_does_not_say_the_configuration_does(app, lake, organization, ckan_config):
    factories.Dataset(name="bare", title="Bare", notes="", license_id="")
    ckan_config["ckanext.export.dataset"] = "bare"
    ckan_config["ckanext.export.author"] = "The configured"

    found = metadata(app)

    assert found["title"] == "Bare"
    assert found["notes"].startswith("Observations of sensors")
    assert found["license_id"] == "cc-by"
    assert found["author"] == "The configured"


def test_it_is_read_with_the_rights_of_the_visitor(app, lake, organization, editor, ckan_config):
    secret = factories.Dataset(
        name="secret", title="Not for all", private=True, owner_org=organization["id"]
    )
    ckan_config["ckanext.export.dataset"] = secret["name"]

    assert metadata(app)["title"] == "Smart home observations"
    assert metadata(app, Authorization=editor["token"])["title"] == "Not for all"
    assert any("not public" in sentence for sentence in shortcomings())


@pytest.mark.parametrize("name", ["nowhere", "gone"])
def test_one_that_is_not_there_stops_no_export_and_is_named(
    app, lake, organization, ckan_config, name
):
    factories.Dataset(name="gone", state="deleted")
    ckan_config["ckanext.export.dataset"] = name

    assert metadata(app)["title"] == "Smart home observations"
    assert shortcomings() == [f"The template dataset {name} (ckanext.export.dataset) is not there."]


def test_a_whole_one_lacks_nothing(lake, template):
    assert shortcomings() == []


@pytest.mark.ckan_config("ckan.auth.create_unowned_dataset", "false")
def test_a_missing_organisation_is_named(lake):
    assert [sentence.partition(":")[0] for sentence in shortcomings()] == ["owner_org"]


CUSTOM = {
    "type": TYPE,
    "steward": "Dora",
    "consent": "in writing",
    "instruments": [{"maker": "Aqara"}, {"maker": "Ikea"}],
}


@scheming
def test_the_fields_of_an_own_type_come_from_the_template(app, lake, organization, ckan_config):
    factories.Dataset(
        name="the-template",
        owner_org=organization["id"],
        resources=[{"name": "an example", "url": "http://x.example", "retention": "ten years"}],
        **CUSTOM,
    )
    ckan_config["ckanext.export.dataset"] = "the-template"

    found = metadata(app, "dataset?formats=csv,json&types=light")

    assert {name: found[name] for name in CUSTOM} == CUSTOM
    assert [resource["retention"] for resource in found["resources"]] == ["ten years"] * 2
    assert found["homes"] == "4"
    assert "homes" not in {extra["key"] for extra in found["extras"]}
    made = call_action("package_create", **found)
    assert made["type"] == TYPE
    assert made["instruments"] == CUSTOM["instruments"]
    assert shortcomings() == []


@scheming
def test_what_an_own_type_misses_is_named_and_stops_no_export(app, lake, organization, ckan_config):
    ckan_config["ckanext.export.dataset_type"] = TYPE

    assert metadata(app)["type"] == TYPE
    assert set(shortcomings()) == {
        "steward: Missing value",
        "consent: Missing value",
        "resources: retention: Missing value",
    }


@scheming
def test_a_type_that_nobody_knows_is_named(lake, organization, ckan_config):
    ckan_config["ckanext.export.dataset_type"] = "unheard-of"

    assert any("unheard-of" in sentence for sentence in shortcomings())


@scheming
def test_a_dataset_of_an_own_type_is_published(app, lake, organization, editor, ckan_config):
    factories.Dataset(
        name="the-template",
        owner_org=organization["id"],
        resources=[{"name": "an example", "url": "http://x.example", "retention": "ten years"}],
        **CUSTOM,
    )
    ckan_config["ckanext.export.dataset"] = "the-template"

    for _ in range(2):
        asked = publish.asked_for({"month": "2022-06"})
        id = jobs.create("publish", editor["id"], asked).id
        jobs.run(id)
        assert Job.get(id).error == ""

    made = call_action("package_show", id="smart-home-observations")
    assert {name: made[name] for name in CUSTOM} == CUSTOM
    assert [found["retention"] for found in made["resources"]] == ["ten years"] * 2
    assert Job.get(id).result["editions"][0]["outcome"] == "unchanged"


@scheming
def test_one_that_the_own_type_refuses_is_told_in_words(lake, organization, editor, ckan_config):
    ckan_config["ckanext.export.dataset_type"] = TYPE
    id = jobs.create("publish", editor["id"], publish.asked_for({"month": "2022-06"})).id

    jobs.run(id)

    assert Job.get(id).state == "failed"
    assert "Data steward: Missing value" in Job.get(id).error.replace("Steward", "Data steward")
