"""Exports become files of a dataset, whole or not at all."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan import model
from ckan.tests.helpers import call_action
from frictionless import Package

from ckanext.export import publication
from ckanext.export.publish import Publisher
from ckanext.export.query import Query
from tests.builders import (
    HOMES,
    NOON,
    in_every_home,
    observation,
    read_csv,
    some_rows,
    write_file,
    write_lake,
)

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")

DATASET = "smart-home-observations"


@pytest.fixture
def publish(lake, organization, editor, run_jobs):
    """Publishes as the editor, and tells how the job ended."""

    def publish(**asked: Any) -> dict[str, Any]:
        context = {"user": editor["name"], "ignore_auth": False}
        job = tk.get_action("export_publish")(context, asked)
        assert job["state"] == "waiting"
        run_jobs()
        return tk.get_action("export_job_show")(context, {"id": job["id"]})

    return publish


def dataset() -> dict[str, Any]:
    found = call_action("package_show", id=DATASET)
    return found | {"extras": sorted(found["extras"], key=lambda extra: extra["key"])}


def resources() -> dict[str, dict[str, Any]]:
    return {resource["name"]: resource for resource in dataset()["resources"]}


def content(app: Any, resource: dict[str, Any]) -> bytes:
    path = resource["url"].removeprefix(tk.config["ckan.site_url"])
    answer = app.get(path)
    assert answer.status_code == 200
    return answer.data


def add(lake: Path, *rows: dict[str, Any]) -> None:
    """Late observations of 20 June, in a file of their own."""
    write_file(lake / "date=2022-06-20" / "late.parquet", rows)


def test_a_month_becomes_files_of_a_new_dataset(app, publish):
    job = publish(month="2022-06", formats="csv,json")

    assert (job["state"], job["error"], job["percent"]) == ("complete", "", 100)
    assert job["rows"] == 60
    assert dataset()["organization"]["name"] == "hull-homes"
    assert list(resources()) == [
        "smart-homes_2022-06.csv",
        "smart-homes_2022-06.json",
        "datapackage.json",
    ]
    for resource in resources().values():
        data = content(app, resource)
        assert resource["hash"] == hashlib.sha256(data).hexdigest()
        assert resource["size"] == len(data)
    assert len(read_csv(content(app, resources()["smart-homes_2022-06.csv"]))) == 60


def test_the_dataset_says_which_days_it_covers(publish):
    publish(date_from="2022-06-20", date_to="2022-06-21")
    publish(date_from="2022-06-22", date_to="2022-06-22")

    extras = {extra["key"]: extra["value"] for extra in dataset()["extras"]}
    assert extras == {"temporal_start": "2022-06-20", "temporal_end": "2022-06-22"}
    first = resources()["smart-homes_from-2022-06-20_to-2022-06-21.csv"]
    assert (first["temporal_start"], first["temporal_end"]) == ("2022-06-20", "2022-06-21")


def test_the_data_package_is_valid_and_describes_every_file(app, publish, tmp_path):
    publish(month="2022-06", formats="csv")
    publish(date_from="2022-06-22", types="sensor", formats="csv")

    descriptor = json.loads(content(app, resources()["datapackage.json"]))
    files = {name: found for name, found in resources().items() if name.endswith(".csv")}
    assert len(files) == 2
    for described in descriptor["resources"]:
        found = next(r for r in files.values() if r["url"] == described["path"])
        assert f"sha256:{found['hash']}" == described["hash"]
        assert json.loads(found["schema"]) == described["schema"]
        described["path"] = found["name"]
        (tmp_path / found["name"]).write_bytes(content(app, found))
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor))
    assert Package(str(tmp_path / "datapackage.json")).validate().valid


def test_the_same_period_again_changes_nothing(publish):
    publish(month="2022-06")
    before = dataset()

    again = publish(month="2022-06")

    assert again["result"]["editions"][0]["outcome"] == "unchanged"
    assert dataset() == before


def test_the_same_period_with_other_data_updates_its_resource(app, publish, lake):
    publish(month="2022-06")
    before = resources()
    add(lake, *in_every_home(observation(state="late", last_updated=NOON + timedelta(hours=3))))

    again = publish(month="2022-06")

    after = resources()
    assert again["result"]["editions"][0]["outcome"] == "updated"
    assert {name: found["id"] for name, found in after.items()} == {
        name: found["id"] for name, found in before.items()
    }
    name = "smart-homes_2022-06.csv"
    assert after[name]["hash"] != before[name]["hash"]
    assert len(read_csv(content(app, after[name]))) == 64


def test_what_an_editor_has_added_stays(publish, lake):
    publish(month="2022-06")
    found = dataset()
    call_action("package_patch", id=DATASET, title="Hull", maintainer="Dora")
    call_action("resource_create", package_id=DATASET, name="by hand", url="http://x.example")
    data = resources()["smart-homes_2022-06.csv"]
    call_action("resource_patch", id=data["id"], remark="seen")
    add(lake, *in_every_home(observation(last_updated=NOON + timedelta(hours=3))))

    publish(month="2022-06")

    assert (dataset()["title"], dataset()["maintainer"]) == ("Hull", "Dora")
    assert "by hand" in resources()
    assert resources()["smart-homes_2022-06.csv"]["remark"] == "seen"
    assert found["id"] == dataset()["id"]


class Broken(Exception):
    """The worker dies."""


@pytest.mark.parametrize("where", ["_cover", "_describe"])
def test_a_job_that_breaks_leaves_nothing_half_published(publish, monkeypatch, where):
    def die(*arguments: Any) -> None:
        raise Broken

    monkeypatch.setattr(publication, where, die)

    job = publish(month="2022-06")

    assert job["state"] == "failed"
    assert "tell the portal's administrator" in job["error"]
    model.Session.remove()
    with pytest.raises(tk.ObjectNotFound):
        dataset()
    monkeypatch.undo()
    assert publish(month="2022-06")["state"] == "complete"


def test_an_update_that_breaks_leaves_what_was_there(app, publish, lake, monkeypatch):
    publish(month="2022-06")
    before = dataset()
    files = {name: content(app, found) for name, found in resources().items()}
    add(lake, *in_every_home(observation(last_updated=NOON + timedelta(hours=3))))

    def die(*arguments: Any) -> None:
        raise Broken

    monkeypatch.setattr(publication, "_describe", die)

    assert publish(month="2022-06")["state"] == "failed"
    model.Session.remove()
    assert dataset() == before
    assert {name: content(app, found) for name, found in resources().items()} == files


def test_a_lake_that_fails_half_way_publishes_nothing(publish, lake):
    last = max(lake.glob("*/*.parquet"))
    whole = last.read_bytes()
    last.write_bytes(whole[:200] + b"\0" * 400 + whole[600:])

    job = publish(month="2022-06")

    assert job["state"] == "failed"
    assert "lake" in job["error"]
    assert str(lake) not in job["error"]
    with pytest.raises(tk.ObjectNotFound):
        dataset()


def test_a_file_that_the_portal_would_not_take_is_told_before_it_is_uploaded(
    publish, ckan_config, monkeypatch
):
    monkeypatch.setitem(ckan_config, "ckan.max_resource_size", 0)

    job = publish(month="2022-06")

    assert job["state"] == "failed"
    assert "ckan.max_resource_size" in job["error"]
    with pytest.raises(tk.ObjectNotFound):
        dataset()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"month": "2030-01"}, "No observation"),
        ({"types": "person"}, "None of the producer types"),
        ({"month": "2030-01", "changed": True}, "No observation"),
    ],
)
def test_what_publishes_nothing_says_so(publish, asked, says):
    job = publish(**asked)

    assert job["state"] == "failed"
    assert says in job["error"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"month": "2022-13"}, "month"),
        ({"month": "June"}, "month"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"formats": "pdf"}, "formats"),
        ({"weeks": "3"}, "weeks"),
        ({"dataset": "No Name!"}, "dataset"),
        ({"types": {"a": 1}}, "types"),
    ],
)
def test_what_cannot_be_is_told_at_once(publish, asked, name):
    with pytest.raises(tk.ValidationError) as caught:
        publish(**asked)
    assert list(caught.value.error_dict) == [name]


def test_what_was_asked_for_is_noted_without_empty_values(publish):
    job = publish(date_from="", types=["light", ""], units="")

    assert job["asked"]["query"] == {
        "date_from": [],
        "date_to": [],
        "types": ["light"],
        "units": [],
    }


def two_months() -> list[dict[str, Any]]:
    return some_rows() + [
        row | {"last_updated": row["last_updated"] + timedelta(days=30)} for row in some_rows(8)
    ]


def outcomes(job: dict[str, Any]) -> dict[str, str]:
    assert job["state"] == "complete", job["error"]
    return {found["edition"]: found["outcome"] for found in job["result"]["editions"]}


def test_changed_publishes_every_month_whose_data_changed(publish, lake):
    write_lake(lake, two_months())
    assert outcomes(publish(changed=True)) == {"2022-06": "created", "2022-07": "updated"}
    assert outcomes(publish(changed=True)) == {"2022-06": "unchanged", "2022-07": "unchanged"}

    add(lake, *in_every_home(observation(last_updated=NOON + timedelta(hours=5))))

    assert outcomes(publish(changed=True)) == {"2022-06": "updated", "2022-07": "unchanged"}


def test_changed_passes_over_what_it_need_not_read_and_finds_what_came_late(
    publish, lake, monkeypatch
):
    """A lake of files has a version: as long as a month's is the same, its rows stay unread."""
    write_lake(lake, two_months())
    publish(changed=True)
    made: list[str] = []
    make = Publisher.publish

    def noted(self: Publisher, query: Query, rows: int) -> dict[str, Any]:
        made.append(str(query.date_from))
        return make(self, query, rows)

    monkeypatch.setattr(Publisher, "publish", noted)
    publish(changed=True)
    assert made == []

    # An upload into a day that has long been published, under a name that sorts before all.
    late = in_every_home(observation(state="late", last_updated=NOON - timedelta(hours=1)))
    write_file(lake / "date=2022-06-20" / "a.parquet", late)
    assert outcomes(publish(changed=True)) == {"2022-06": "updated", "2022-07": "unchanged"}
    assert made == ["2022-06-01"]


def test_changed_finds_a_month_that_visitors_are_not_told_of_yet(publish, lake):
    assert call_action("export_summary_show")["last_day"] == "2022-06-22"
    write_lake(lake, two_months())
    assert call_action("export_summary_show")["last_day"] == "2022-06-22"

    assert outcomes(publish(changed=True)) == {"2022-06": "created", "2022-07": "updated"}


def test_changed_sees_other_states_in_as_many_rows(publish, lake):
    publish(changed=True)
    write_lake(lake, [row | {"state": "other"} for row in some_rows()])

    assert outcomes(publish(changed=True)) == {"2022-06": "updated"}


def test_changed_publishes_again_what_somebody_deleted(publish, lake):
    publish(changed=True)
    call_action("resource_delete", id=resources()["smart-homes_2022-06.csv"]["id"])

    assert outcomes(publish(changed=True)) == {"2022-06": "updated"}
    assert "smart-homes_2022-06.csv" in resources()


def test_changed_passes_over_a_month_of_too_few_homes(publish, lake, ckan_config):
    ckan_config["ckanext.export.privacy.min_homes"] = 3
    write_lake(lake, [*some_rows(), observation(last_updated=NOON + timedelta(days=30))])

    found = outcomes(publish(changed=True))

    assert found["2022-06"] == "created"
    assert "Too few homes" in found["2022-07"]
    assert [name for name in resources() if "07" in name] == []


def test_changed_publishes_a_month_of_enough_homes_whose_days_have_few(publish, lake, ckan_config):
    ckan_config["ckanext.export.privacy.min_homes"] = 3
    days = [
        observation(home=home, last_updated=NOON + timedelta(days=30 + number))
        for number, home in enumerate(HOMES[:3])
    ]
    write_lake(lake, [*some_rows(), *days])

    assert outcomes(publish(changed=True)) == {"2022-06": "created", "2022-07": "updated"}


@pytest.mark.ckan_config("ckan.plugins", "export datastore")
def test_where_the_portal_has_the_datastore_it_knows_the_columns(publish):
    publish(month="2022-06", formats="csv,json")

    data = resources()["smart-homes_2022-06.csv"]
    table = call_action("datastore_search", resource_id=data["id"], limit=0)
    fields = {field["id"]: field for field in table["fields"]}
    assert fields["last_updated"]["type"] == "timestamp"
    assert fields["attributes"]["type"] == "json"
    assert "pseudonym" in fields["home"]["info"]["notes"].lower()
    assert not resources()["smart-homes_2022-06.json"].get("datastore_active")
    assert publish(month="2022-06")["result"]["editions"][0]["outcome"] == "unchanged"
