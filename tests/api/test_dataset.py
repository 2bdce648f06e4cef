"""The description in the zip is a dataset that this portal itself accepts and shows."""

import hashlib
import json
import re
from datetime import UTC, datetime

import pytest
from lxml import html

from tests.api.http import member, unpack
from tests.api.lakes import count

FILTERS = {"date_from": "2016-01-12", "date_to": "2016-01-13", "types": "sensor", "units": "W,%"}
CONDITION = (
    "type = 'sensor' AND unit IN ('W', '%') "
    "AND last_updated::DATE BETWEEN '2016-01-12' AND '2016-01-13'"
)


@pytest.fixture(scope="module")
def archive(api) -> bytes:
    return api.get("dataset?formats=csv,json,xml", params=FILTERS).content


@pytest.fixture(scope="module")
def metadata(archive) -> dict:
    return json.loads(member(archive, "_metadata.json"))


@pytest.fixture(scope="module")
def dataset(admin, metadata) -> dict:
    """What `package_create` answers to the description as it is; the portal forgets older ones."""
    admin.action("dataset_purge", json={"id": metadata["name"]})
    return admin.result("package_create", json=metadata)


def test_the_portal_takes_it_as_it_is(dataset, metadata):
    assert dataset["name"] == metadata["name"]
    assert dataset["organization"]["name"] == "smart-homes"
    assert dataset["license_id"] == metadata["license_id"] == "cc-by"
    for name, value in metadata.items():
        if isinstance(value, str) and name != "owner_org":
            assert dataset[name] == value
    assert sorted(extra["key"] for extra in dataset["extras"]) == sorted(
        extra["key"] for extra in metadata["extras"]
    )
    assert {tag["name"] for tag in dataset["tags"]} == {"smart-home", "home-assistant"}


def test_it_has_the_name_of_the_contract(metadata):
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    assert re.fullmatch(rf"smart-homes-{today}-[0-9a-f]{{8}}", metadata["name"])


def test_another_query_has_another_name(api, metadata):
    other = api.get("dataset?formats=csv,json,xml", params=FILTERS | {"units": "W"}).content
    same = api.get("dataset?formats=csv,json,xml", params=FILTERS).content

    assert json.loads(member(other, "_metadata.json"))["name"] != metadata["name"]
    assert json.loads(member(same, "_metadata.json"))["name"] == metadata["name"]


def test_extras_tell_what_is_in_it(metadata, demo_lake):
    extras = {extra["key"]: extra["value"] for extra in metadata["extras"]}
    found = count(demo_lake, CONDITION)

    assert extras.pop("generated").startswith(f"{datetime.now(UTC):%Y-%m-%dT}")
    assert extras.pop("lake_version").startswith("files-")
    assert extras == {
        "date_from": "2016-01-12",
        "date_to": "2016-01-13",
        "types": "sensor",
        "units": "W,%",
        "rows": str(found["rows"]),
        "homes": str(found["homes"]),
    }


def test_every_data_file_is_a_resource(archive, metadata):
    files = unpack(archive)

    assert len(metadata["resources"]) == 3
    for resource in metadata["resources"]:
        content = files[resource["name"]]
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["size"] == len(content)
        assert resource["mimetype"] == "application/zip"
        assert resource["mimetype_inner"] in ("text/csv", "application/json", "application/xml")
        assert resource["format"].lower() == resource["name"].rpartition(".")[2]
        assert resource["description"]


def test_the_address_of_a_resource_makes_the_file_again(api, archive, metadata):
    for resource in metadata["resources"]:
        assert resource["url"].startswith(f"{api.url}/api/export/")
        path = resource["url"].removeprefix(api.url)
        again = unpack(api.ask("GET", path).content)[resource["name"]]
        assert hashlib.sha256(again).hexdigest() == resource["hash"].removeprefix("sha256:")


def test_a_second_one_with_the_same_name_is_refused_by_the_portal(admin, dataset, metadata):
    answer = admin.action("package_create", json=metadata)

    assert answer.status_code == 409
    assert set(answer.json()["error"]) == {"__type", "name"}


def test_a_visitor_may_not_create_it(api, metadata):
    assert api.action("package_create", json=metadata).status_code == 403


def test_its_files_upload_and_its_page_shows_them(api, admin, dataset, archive):
    name, content = next(iter(unpack(archive).items()))
    fields = {"package_id": dataset["name"], "name": f"upload of {name}", "format": "CSV"}

    made = admin.result("resource_create", data=fields, files={"upload": (name, content)})
    first = dataset["resources"][1]
    changed = admin.result(
        "resource_patch",
        data={"id": first["id"], "name": first["name"]},
        files={"upload": (first["name"], unpack(archive)[first["name"]])},
    )

    assert api.ask("GET", made["url"].removeprefix(api.url)).content == content
    downloaded = api.ask("GET", changed["url"].removeprefix(api.url)).content
    assert downloaded == unpack(archive)[first["name"]]
    page = api.ask("GET", f"/dataset/{dataset['name']}")
    assert page.status_code == 200
    text = html.fromstring(page.text).text_content()
    for resource in [*dataset["resources"], made]:
        assert resource["name"] in text
    assert dataset["title"] in text
    assert api.ask("GET", f"/dataset/{dataset['name']}/resource/{made['id']}").status_code == 200


def test_it_is_found_by_search(api, dataset):
    found = api.result("package_search", json={"q": f"name:{dataset['name']}"})

    assert [hit["name"] for hit in found["results"]] == [dataset["name"]]
