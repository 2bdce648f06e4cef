"""A home that must be forgotten is in nothing that leaves, from that moment on."""

import io
import json
import logging
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan import model
from ckan.lib.jobs import get_queue
from ckan.tests import factories
from ckan.tests.helpers import call_action

from ckanext.export import forgetting, jobs, keys, orders, prepare, publication
from ckanext.export.errors import Misconfigured
from ckanext.export.formats import registry
from tests.builders import HOMES, NOON, observation, read_csv, some_rows, write_lake

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")

HOME = HOMES[1]
DATASET = "smart-home-observations"
OTHERS = [row for row in some_rows() if row["home"] != HOME]


@pytest.fixture
def chief(lake, organization, run_jobs) -> dict[str, Any]:
    return factories.SysadminWithToken(name="chief")


@pytest.fixture
def forget(chief: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    def forget(home: str = HOME, **options: Any) -> dict[str, Any]:
        return act("export_home_forget", chief, home=home, **options)

    return forget


@pytest.fixture
def publish(chief: dict[str, Any], run_jobs: Any) -> Callable[..., dict[str, Any]]:
    def publish(**asked: Any) -> dict[str, Any]:
        job = act("export_publish", chief, **asked)
        run_jobs()
        return shown(job, chief)

    return publish


def act(name: str, user: dict[str, Any], **data: Any) -> Any:
    return tk.get_action(name)({"user": user["name"], "ignore_auth": False}, data)


def shown(job: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    model.Session.expire_all()
    return act("export_job_show", user, id=job["id"])


def members(answer: Any) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.data
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    return {name: archive.read(name) for name in archive.namelist()}


def data_of(answer: Any) -> dict[str, bytes]:
    """The data files of a zip."""
    found = {n: content for n, content in members(answer).items() if n.startswith("smart-homes_")}
    return {name: content for name, content in found.items() if "metadata" not in name}


def pseudonyms(answer: Any) -> set[str]:
    (content,) = data_of(answer).values()
    return {row["home"] for row in read_csv(content)}


def resources() -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in call_action("package_show", id=DATASET)["resources"]}


def address(resource: dict[str, Any]) -> str:
    return resource["url"].removeprefix(tk.config["ckan.site_url"])


def fill(lake: Path, rows: list[dict[str, Any]]) -> None:
    """The lake has these rows and no others."""
    shutil.rmtree(lake)
    write_lake(lake, rows)


def stored() -> list[Path]:
    folder = Path(tk.config["ckan.storage_path"]) / "resources"
    return [path for path in folder.rglob("*") if path.is_file()]


class TestWhatLeaves:
    def test_every_format_is_that_of_a_lake_without_the_home(self, app, lake, forget):
        path = f"/api/export/dataset?formats={','.join(registry())}"
        everything = data_of(app.get(path))
        forget()
        without = data_of(app.get(path))

        fill(lake, OTHERS)
        assert without == data_of(app.get(path))
        assert len(without) == len(registry())
        assert not [name for name in without if without[name] == everything[name]]

    def test_nothing_beside_the_data_counts_it(self, app, lake, forget):
        forget()
        found = members(app.get("/api/export/csv"))

        manifest = json.loads(found["manifest.json"])
        assert (manifest["rows"], manifest["homes"]) == (45, 3)

    def test_the_summary_and_the_first_rows(self, app, lake, forget):
        pseudonym = orders.policy().pseudonym(HOME)
        assert call_action("export_summary_show")["homes"] == 4
        assert pseudonym in app.get("/export/preview?formats=csv").body
        forget()

        assert call_action("export_summary_show")["homes"] == 3
        assert call_action("export_summary_show")["rows"] == 45
        assert pseudonym not in app.get("/export/preview?formats=csv").body

    def test_an_export_of_that_home_alone_is_empty(self, app, lake, forget, ckan_config):
        fill(lake, [observation(home=HOME)])
        assert app.get("/api/export/csv").status_code == 200
        forget()

        assert app.get("/api/export/csv").status_code == 204

    @pytest.mark.ckan_config("ckanext.export.privacy.min_homes", 4)
    def test_it_does_not_count_for_the_fewest_homes(self, app, lake, forget):
        assert app.get("/api/export/csv").status_code == 200
        forget()

        assert app.get("/api/export/csv").status_code == 403

    def test_a_home_whose_id_is_a_part_of_it_stays(self, app, lake, forget):
        rows = [observation(home=home) for home in ("casa", "casa-1", "a casa")]
        fill(lake, rows)
        before = pseudonyms(app.get("/api/export/csv"))
        gone = orders.policy().pseudonym("casa")
        forget("casa")

        assert pseudonyms(app.get("/api/export/csv")) == before - {gone}

    def test_undone_it_is_there_again(self, app, lake, forget):
        before = app.get("/api/export/csv")
        forget()
        assert forget(undo=True) == {"changed": True, "prepared": 0, "published": 0, "job": None}

        assert data_of(app.get("/api/export/csv")) == data_of(before)
        assert not forget(undo=True)["changed"]

    def test_twice_is_once(self, forget):
        assert forget()["changed"]
        assert not forget()["changed"]


class TestTheKeys:
    def test_a_rotation_makes_other_pseudonyms(self, app, lake, chief):
        before, id = pseudonyms(app.get("/api/export/csv")), orders.policy().key_id
        keys.rotate()
        once = pseudonyms(app.get("/api/export/csv"))
        keys.rotate()
        twice = pseudonyms(app.get("/api/export/csv"))

        assert [len(found) for found in (before, once, twice, before | once | twice)] == [
            4,
            4,
            4,
            12,
        ]
        assert orders.policy().key_id != id

    def test_a_rotation_makes_other_tokens_of_words(self, app, lake, chief):
        fill(lake, [observation(entity_id="sensor.ana_temperature")])

        def tokens() -> set[str]:
            (content,) = data_of(app.get("/api/export/csv")).values()
            return {row["entity_id"] for row in read_csv(content)}

        before = tokens()
        keys.rotate()

        assert not before & tokens()

    def test_a_rotation_forgets_nobody_less(self, app, lake, forget):
        forget()
        keys.rotate()

        assert len(pseudonyms(app.get("/api/export/csv"))) == 3
        assert not forget()["changed"]

    @pytest.mark.ckan_config("ckanext.export.privacy.key", "another key of the tests")
    def test_nor_does_another_configured_key(self, app, lake, forget, ckan_config):
        forget()
        ckan_config["ckanext.export.privacy.key"] = "still another key of the tests"

        assert len(pseudonyms(app.get("/api/export/csv"))) == 3

    def test_without_its_key_nothing_leaves(self, app, lake, forget):
        forget()
        statement = "DELETE FROM system_info WHERE key LIKE 'ckanext.export.privacy.forget%'"
        model.Session.execute(sa.text(statement))
        model.Session.commit()

        assert app.get("/api/export/csv").status_code == 500
        with pytest.raises(Misconfigured) as caught:
            keys.forget("another")
        assert "backup" in caught.value.inside

    def test_without_the_table_nothing_leaves(self, app, lake, forget, migrate_db_for):
        migrate_db_for("export", "0001_jobs", False)
        try:
            assert app.get("/api/export/csv").status_code == 500
            with pytest.raises(tk.ValidationError):
                call_action("export_summary_show")
            with pytest.raises(Misconfigured) as caught:
                orders.policy()
            assert "ckan db upgrade -p export" in caught.value.inside
        finally:
            migrate_db_for("export")

    def test_keys_are_shown_nowhere(self, app, lake, forget, chief):
        forget()
        keys.rotate()
        table = sa.table("system_info", sa.column("key"), sa.column("value"))
        ours = table.c.key.like("ckanext.export.privacy.%")
        secrets = list(model.Session.scalars(sa.select(table.c.value).where(ours)))
        assert len(secrets) == 2
        headers = {"Authorization": chief["token"]}
        told = [
            *members(app.get("/api/export/csv")).values(),
            app.get("/ckan-admin/export", headers=headers).data,
            app.get("/ckan-admin/config", headers=headers).data,
        ]

        assert not [1 for text in told for secret in secrets if secret.encode() in text]


class TestWhatIsKeptOfIt:
    @pytest.fixture
    def everything_kept(self) -> Callable[[], str]:
        def everything() -> str:
            tables = sa.inspect(model.Session.connection()).get_table_names()
            rows = [
                str(tuple(row))
                for table in tables
                for row in model.Session.execute(
                    sa.select(sa.text("*")).select_from(sa.table(table))
                )
            ]
            queued = [repr(job.to_dict()) for job in get_queue().jobs]
            return "\n".join(rows + queued)

        return everything

    def test_only_a_hash(self, app, lake, publish, forget, everything_kept, caplog):
        caplog.set_level(logging.DEBUG)
        home = "Rua-das-Flores-7"
        fill(lake, [*some_rows(), observation(home=home)])
        publish(month="2022-06")
        pseudonym = orders.policy().pseudonym(home)
        told = json.dumps(forget(home), default=str)
        app.get("/api/export/csv")

        for text in (told, everything_kept(), caplog.text):
            assert home not in text
            assert pseudonym not in text
        assert len(keys.forgotten()[1]) == 1

    @pytest.mark.parametrize("data", [{}, {"home": ""}, {"home": 7}, {"home": ["x"]}])
    def test_what_is_no_home_is_refused(self, chief, data):
        with pytest.raises(tk.ValidationError) as caught:
            act("export_home_forget", chief, **data)
        assert list(caught.value.error_dict) == ["home"]

    def test_a_mistake_does_not_repeat_it(self, app, chief, caplog):
        caplog.set_level(logging.DEBUG)
        headers = {"Authorization": chief["token"]}
        data = {"home": HOME, "reason": "moved"}
        answer = app.post("/api/3/action/export_home_forget", json=data, headers=headers)

        assert answer.status_code == 409
        assert HOME not in answer.body
        assert HOME not in caplog.text


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
        last = max(lake.glob("*/*.parquet"))
        whole = last.read_bytes()
        last.write_bytes(whole[:200] + b"\0" * 400 + whole[600:])
        done = forget()
        run_jobs()
        job = shown(done["job"], chief)

        assert job["state"] == "complete"
        assert "withdrawn: " in job["result"]["editions"][0]["outcome"]
        assert resources() == {}

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
        assert prepare.purge() == 1

    def test_one_that_begins_afterwards_is(self, app, chief, forget, run_jobs):
        forget()
        job = act("export_prepare", chief, formats="csv")
        run_jobs()

        assert self.status(app, job, chief) == 200
        assert prepare.purge() == 0


def test_whether_the_lake_has_a_home(lake):
    assert forgetting.is_in_lake(orders.lake(), HOME, 60)
    assert forgetting.is_in_lake(orders.lake(), HOME.upper() + "?", 60) is False
    for path in lake.glob("*/*.parquet"):
        path.write_bytes(b"broken")
    assert forgetting.is_in_lake(orders.lake(), HOME, 60) is None
