"""What was published or prepared before a home was forgotten is made again, or goes."""

import json
from datetime import timedelta
from typing import Any

import pytest
from ckan.tests.helpers import call_action

from ckanext.export import jobs, keys, orders, prepare, publication
from tests.builders import HOMES, NOON, observation, read_csv, some_rows
from tests.publishing.forgetting import (
    DATASET,
    HOME,
    OTHERS,
    act,
    address,
    data_of,
    fill,
    pseudonyms,
    resources,
    shown,
    stored,
)

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")


class TestPublished:
    def test_files_are_made_again_in_their_place(self, app, lake, publish, forget, chief, run_jobs):
        publish(month="2022-06", formats="csv,json")
        publish(date_from="2022-06-21", types="light")
        before = resources()
        done = forget()
        assert done["published"] == 3
        run_jobs()
        job = shown(done["job"], chief)

        assert (job["state"], job["error"]) == ("complete", "")
        assert {found["outcome"] for found in job["result"]["editions"]} == {"updated"}
        after = resources()
        assert {name: found["id"] for name, found in after.items()} == {
            name: found["id"] for name, found in before.items()
        }
        assert "3 homes" in after["smart-homes_2022-06.csv"]["description"]
        contents = {name: app.get(address(found)).data for name, found in after.items()}
        fill(lake, OTHERS)
        (expected,) = data_of(app.get("/api/export/csv")).values()
        assert contents["smart-homes_2022-06.csv"] == expected
        descriptor = json.loads(contents["datapackage.json"])
        assert {found["hash"] for found in descriptor["resources"]} == {
            f"sha256:{found['hash']}" for name, found in after.items() if name in contents
        } - {f"sha256:{after['datapackage.json']['hash']}"}

    def test_a_month_without_the_home_keeps_its_bytes(self, lake, publish, forget, chief, run_jobs):
        fill(lake, OTHERS)
        publish(month="2022-06")
        before = resources()
        done = forget()
        run_jobs()

        assert shown(done["job"], chief)["result"]["editions"][0]["outcome"] == "unchanged"
        assert resources() == before
        assert forget()["job"] is None

    @pytest.mark.parametrize("others", [(), HOMES[:1]])
    def test_what_is_too_little_now_is_withdrawn(
        self, app, lake, publish, forget, chief, run_jobs, ckan_config, others
    ):
        """A day of two homes, or of the forgotten one alone."""
        ckan_config["ckanext.export.privacy.min_homes"] = 1 + len(others)
        day = NOON - timedelta(days=5)
        first = [observation(home=home, last_updated=day) for home in (HOME, *others)]
        fill(lake, first + some_rows())
        publish(date_from=str(day.date()), date_to=str(day.date()))
        publish(month="2022-06")
        name = f"smart-homes_from-{day.date()}_to-{day.date()}.csv"
        gone = resources()[name]
        done = forget()
        run_jobs()
        job = shown(done["job"], chief)

        assert job["state"] == "complete", job["error"]
        outcomes = {found["edition"]: found["outcome"] for found in job["result"]["editions"]}
        assert outcomes["2022-06"] == "updated"
        assert [outcome for outcome in outcomes.values() if outcome.startswith("withdrawn: ")]
        assert sorted(resources()) == ["datapackage.json", "smart-homes_2022-06.csv"]
        assert stored()
        assert app.get(address(gone)).status_code == 404
        assert not [path for path in stored() if path.name == gone["id"][6:]]
        descriptor = json.loads(app.get(address(resources()["datapackage.json"])).data)
        assert len(descriptor["resources"]) == 1

    def test_what_cannot_be_made_again_is_withdrawn(self, lake, publish, forget, chief, run_jobs):
        publish(month="2022-06")
        before = {found["id"][6:] for found in resources().values()}
        last = max(lake.glob("*/*.parquet"))
        whole = last.read_bytes()
        last.write_bytes(whole[:200] + b"\0" * 400 + whole[600:])
        done = forget()
        run_jobs()
        job = shown(done["job"], chief)

        assert job["state"] == "complete"
        assert "withdrawn: " in job["result"]["editions"][0]["outcome"]
        assert resources() == {}
        assert not before & {path.name for path in stored()}

    def test_a_job_that_breaks_says_what_is_left(
        self, lake, publish, forget, chief, run_jobs, monkeypatch
    ):
        def fail(*arguments: Any, **options: Any) -> None:
            raise OSError("no disk")

        publish(month="2022-06")
        done = forget()
        monkeypatch.setattr("ckanext.export.renewal.summarize", fail)
        monkeypatch.setattr("ckanext.export.renewal.withdraw", fail)
        run_jobs()
        job = shown(done["job"], chief)

        assert job["state"] == "failed"
        assert "2022-06 in smart-home-observations could not be withdrawn." in job["error"]
        assert "ckan export publish --renew" in job["error"]
        monkeypatch.undo()
        again = forget()
        run_jobs()
        assert shown(again["job"], chief)["state"] == "complete"
        assert "3 homes" in resources()["smart-homes_2022-06.csv"]["description"]

    def test_a_cancelled_one_says_it_too(self, publish, forget, chief):
        publish(month="2022-06")
        job = act("export_job_cancel", chief, id=forget()["job"]["id"])

        assert job["state"] == "cancelled"
        assert "--renew" in shown(job, chief)["error"]

    def test_without_a_queue_the_home_is_forgotten_and_the_job_says_the_rest(
        self, app, publish, forget, monkeypatch
    ):
        from redis import RedisError

        def fail(*arguments: Any, **options: Any) -> None:
            raise RedisError("gone")

        publish(month="2022-06")
        monkeypatch.setattr(jobs.tk, "enqueue_job", fail)
        job = forget()["job"]

        assert job["state"] == "failed"
        assert "--renew" in job["error"]
        assert len(pseudonyms(app.get("/api/export/csv"))) == 3

    def test_a_publication_that_runs_meanwhile_is_made_again(
        self, publish, forget, chief, monkeypatch
    ):
        put, done = publication.put, []

        def late(*arguments: Any) -> Any:
            if not done:
                done.append(forget())
            return put(*arguments)

        monkeypatch.setattr(publication, "put", late)
        assert publish(month="2022-06")["state"] == "complete"

        assert done[0]["job"] is None
        assert "3 homes" in resources()["smart-homes_2022-06.csv"]["description"]

    @pytest.mark.ckan_config("ckanext.export.privacy.min_homes", 4)
    def test_or_withdrawn(self, publish, forget, chief, monkeypatch):
        put, done = publication.put, []

        def late(*arguments: Any) -> Any:
            if not done:
                done.append(forget())
            return put(*arguments)

        monkeypatch.setattr(publication, "put", late)
        job = publish(month="2022-06")

        assert job["state"] == "failed"
        assert "Too few homes" in job["error"] or "homes" in job["error"]
        assert resources() == {}

    def test_what_an_editor_has_renamed_and_stripped_is_found(
        self, publish, forget, chief, run_jobs
    ):
        publish(month="2022-06")
        file = resources()["smart-homes_2022-06.csv"]
        plain = {"id": file["id"], "name": "June", "url": file["url"], "url_type": "upload"}
        call_action("resource_update", **plain)
        done = forget()
        run_jobs()

        assert shown(done["job"], chief)["state"] == "complete"
        assert sorted(resources()) == ["datapackage.json", "smart-homes_2022-06.csv"]
        assert not [path for path in stored() if path.name == file["id"][6:]]

    @pytest.mark.parametrize("how", ["resource_delete", "package_delete", "dataset_purge"])
    def test_what_somebody_has_deleted_leaves_no_bytes(self, publish, forget, chief, run_jobs, how):
        publish(month="2022-06")
        file = resources()["smart-homes_2022-06.csv"]
        call_action(how, id=file["id"] if how == "resource_delete" else DATASET)
        done = forget()
        run_jobs()

        job = shown(done["job"], chief)
        assert (job["state"], job["error"]) == ("complete", "")
        kept = [path for path in stored() if path.name == file["id"][6:]]
        assert not kept

    @pytest.mark.ckan_config("ckan.plugins", "export datastore")
    def test_rows_that_a_loader_has_put_into_the_datastore_go(
        self, publish, forget, chief, run_jobs
    ):
        publish(month="2022-06")
        file = resources()["smart-homes_2022-06.csv"]
        record = {"home": orders.policy().pseudonym(HOME)}
        call_action(
            "datastore_upsert",
            resource_id=file["id"],
            records=[record],
            method="insert",
            force=True,
        )
        forget()
        run_jobs()

        assert call_action("datastore_search", resource_id=file["id"])["records"] == []

    def test_a_rotation_is_followed_by_publishing_again(self, app, lake, publish, chief):
        publish(changed=True)
        before = {
            row["home"]
            for row in read_csv(app.get(address(resources()["smart-homes_2022-06.csv"])).data)
        }
        keys.rotate()
        publish(changed=True)
        after = {
            row["home"]
            for row in read_csv(app.get(address(resources()["smart-homes_2022-06.csv"])).data)
        }

        assert (len(before), len(after), len(before | after)) == (4, 4, 8)


class TestPrepared:
    @pytest.fixture
    def prepared(self, chief, run_jobs) -> dict[str, Any]:
        job = act("export_prepare", chief, formats="csv")
        run_jobs()
        assert shown(job, chief)["url"]
        return job

    def status(self, app: Any, job: dict[str, Any], user: dict[str, Any]) -> int:
        headers = {"Authorization": user["token"]}
        return app.get(f"/export/jobs/{job['id']}/download", headers=headers).status_code

    def test_they_are_deleted(self, app, prepared, chief, forget):
        assert self.status(app, prepared, chief) == 200
        assert forget()["prepared"] == 1

        assert self.status(app, prepared, chief) == 404
        assert "url" not in shown(prepared, chief)
        assert not list(prepare.storage().scan())

    def test_they_are_not_handed_out_even_if_they_cannot_be_deleted(
        self, app, prepared, chief, forget, monkeypatch
    ):
        monkeypatch.setattr(prepare, "_delete", lambda id: False)
        assert forget()["prepared"] == 0

        assert self.status(app, prepared, chief) == 404
        monkeypatch.undo()
        assert prepare.purge() == 1

    def test_no_job_tells_when_somebody_was_forgotten(self, prepared, chief, forget, run_jobs):
        before = shown(prepared, chief)["result"]
        forget()
        after = act("export_prepare", chief, formats="csv")
        run_jobs()

        assert before.keys() == shown(after, chief)["result"].keys() == {"file"}

    def test_one_that_runs_meanwhile_is_not_handed_out(
        self, app, chief, forget, run_jobs, monkeypatch
    ):
        keep = prepare._keep

        def late(*arguments: Any) -> Any:
            forget()
            return keep(*arguments)

        monkeypatch.setattr(prepare, "_keep", late)
        job = act("export_prepare", chief, formats="csv")
        run_jobs()

        assert shown(job, chief)["state"] == "complete"
        assert self.status(app, job, chief) == 404
        assert not list(prepare.storage().scan())  # CKAN itself hands out what is there

    def test_one_that_begins_afterwards_is(self, app, chief, forget, run_jobs):
        forget()
        job = act("export_prepare", chief, formats="csv")
        run_jobs()

        assert self.status(app, job, chief) == 200
        assert prepare.purge() == 0
