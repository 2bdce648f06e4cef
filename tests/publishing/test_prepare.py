"""An export that is prepared for one person, who fetches it later."""

import email
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan import model
from ckan.lib import files
from ckan.tests import factories

from ckanext.export import prepare

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")


@pytest.fixture(autouse=True)
def empty_storage(with_plugins):
    for location in prepare.storage().scan():
        prepare.storage().remove(files.FileData(files.Location(location)))


@pytest.fixture
def owner():
    return factories.UserWithToken(name="anna")


@pytest.fixture
def job(lake, owner, run_jobs) -> dict[str, Any]:
    """One that is complete."""
    made = act("export_prepare", owner, formats="csv,json", types="light")
    assert made["state"] == "waiting"
    run_jobs()
    shown = act("export_job_show", owner, id=made["id"])
    assert (shown["state"], shown["error"]) == ("complete", "")
    return shown


def act(name: str, user: dict[str, Any], **data: Any) -> Any:
    return tk.get_action(name)({"user": user["name"], "ignore_auth": False}, data)


def download(app: Any, job: dict[str, Any], user: dict[str, Any], **headers: str) -> Any:
    headers |= {"Authorization": user["token"]}
    return app.get(f"/export/jobs/{job['id']}/download", headers=headers)


def grow_old(days: int) -> None:
    """As if all jobs and their files were so many days older."""
    before = datetime.now(UTC) - timedelta(days=days)
    for statement in ("UPDATE export_job SET ended = :before", "UPDATE file SET created = :before"):
        model.Session.execute(sa.text(statement), {"before": before})
    model.Session.commit()
    model.Session.expire_all()


def stored() -> list[str]:
    return [str(location) for location in prepare.storage().scan()]


def test_it_is_the_zip_that_the_api_sends(app, job, owner):
    answer = download(app, job, owner)
    sent = app.get("/api/export/dataset?formats=csv,json&types=light").data

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    ours, theirs = (zipfile.ZipFile(io.BytesIO(data)) for data in (answer.data, sent))
    assert ours.testzip() is None
    assert ours.namelist() == theirs.namelist()
    name = next(name for name in ours.namelist() if name.endswith(".csv"))
    assert ours.read(name) == theirs.read(name)
    assert job["size"] == len(answer.data) == job["bytes"]


def test_it_is_sent_in_ranges_of_bytes(app, job, owner):
    whole = download(app, job, owner).data

    part = download(app, job, owner, Range="bytes=100-299")

    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    assert part.data == whole[100:300]


def test_it_is_gone_when_its_time_has_come(app, job, owner):
    assert len(stored()) == 1
    grow_old(8)

    assert download(app, job, owner).status_code == 404
    assert "url" not in act("export_job_show", owner, id=job["id"])
    assert prepare.purge() == 1
    assert stored() == []
    assert prepare.purge() == 0


def test_what_a_killed_worker_left_in_the_storage_is_tidied_up(job):
    left = files.make_upload(b"half a zip")
    prepare.storage().upload(files.Location("12345678-1234-1234-1234-123456789abc.zip"), left)

    assert prepare.purge() == 1
    assert stored() == [f"{job['id']}.zip"]


def test_it_stays_until_then(app, job, owner):
    grow_old(6)

    assert prepare.purge() == 0
    assert download(app, job, owner).status_code == 200


def test_the_next_one_tidies_up(app, job, owner, run_jobs):
    grow_old(8)

    act("export_prepare", owner, formats="csv")
    run_jobs()

    assert len(stored()) == 1


def test_its_owner_can_delete_it(app, job, owner):
    act("export_job_delete", owner, id=job["id"])

    assert stored() == []
    assert download(app, job, owner).status_code == 404


def test_nobody_keeps_more_than_they_may(lake, owner, job, ckan_config):
    ckan_config["ckanext.export.prepare.most"] = 1

    with pytest.raises(tk.ValidationError, match="delete one first"):
        act("export_prepare", owner, formats="csv")


def test_they_are_told_so_in_their_language(app, job, owner, ckan_config):
    ckan_config["ckanext.export.prepare.most"] = 1
    headers = {"Authorization": owner["token"]}
    answer = app.post("/pt_PT/export/jobs/prepare", data={"formats": "csv"}, headers=headers)

    assert "Tem 1 exportações preparadas" in answer.body


def test_one_that_is_cancelled_while_it_waits_is_never_made(lake, owner, run_jobs):
    waiting = act("export_prepare", owner, formats="csv")

    assert act("export_job_cancel", owner, id=waiting["id"])["state"] == "cancelled"
    run_jobs()

    assert act("export_job_show", owner, id=waiting["id"])["state"] == "cancelled"
    assert stored() == []


def test_one_that_the_queue_has_lost_does_not_wait_for_ever(lake, owner, run_jobs):
    waiting = act("export_prepare", owner, formats="csv")
    tk.get_action("job_clear")({"ignore_auth": True}, {})
    model.Session.execute(sa.text("UPDATE export_job SET created = created - interval '1 hour'"))
    model.Session.commit()

    shown = act("export_job_show", owner, id=waiting["id"])

    assert shown["state"] == "failed"
    assert "start it again" in shown["error"]


def test_one_whose_worker_was_killed_does_not_run_for_ever(lake, owner, job):
    model.Session.execute(
        sa.text("UPDATE export_job SET state = 'running', started = now() - interval '1 hour'")
    )
    model.Session.commit()
    model.Session.expire_all()
    forget_signs_of_life()

    assert act("export_job_show", owner, id=job["id"])["state"] == "failed"


def forget_signs_of_life() -> None:
    from ckan.lib.redis import connect_to_redis

    redis = connect_to_redis()
    for key in redis.keys("*export:alive*"):
        redis.delete(key)


def text_of(message: str) -> str:
    parsed = email.message_from_string(message)
    parts = [part for part in parsed.walk() if part.get_content_type() == "text/plain"]
    return parts[0].get_payload(decode=True).decode()


@pytest.mark.ckan_config("smtp.mail_from", "portal@example.org")
def test_its_owner_gets_an_e_mail(lake, mail_server, owner, run_jobs):
    made = act("export_prepare", owner, formats="csv")
    run_jobs()

    (_, sender, recipients, _) = mail_server.get_smtp_messages()[0]
    assert sender == "portal@example.org"
    assert recipients == [owner["email"]]
    assert made["id"] in text_of(mail_server.get_smtp_messages()[0][3])


@pytest.mark.ckan_config("smtp.server", "localhost:1")
def test_a_portal_whose_e_mail_fails_prepares_it_all_the_same(job):
    assert job["url"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [({}, "formats"), ({"formats": "pdf"}, "formats"), ({"formats": "csv", "types": 1}, "types")],
)
def test_what_cannot_be_is_told_at_once(lake, owner, asked, name):
    with pytest.raises(tk.ValidationError) as caught:
        act("export_prepare", owner, **asked)
    assert list(caught.value.error_dict) == [name]


def test_the_file_is_its_owner_s_in_the_portal_s_own_storage_too(app, job, owner):
    other = factories.UserWithToken()
    address = f"/file/download/{job['result']['file']}"

    mine = app.get(address, headers={"Authorization": owner["token"]})
    assert mine.status_code == 200
    assert app.get(address, headers={"Authorization": other["token"]}).status_code == 404
    assert app.get(address).status_code == 404
    assert files.get_storage("export")


def test_a_failure_is_told_in_words(owner, ckan_config, run_jobs, tmp_path):
    ckan_config["ckanext.export.lake.url"] = str(tmp_path / "nowhere")
    made = act("export_prepare", owner, formats="csv")
    run_jobs()

    shown = act("export_job_show", owner, id=made["id"])
    assert shown["state"] == "failed"
    assert "cannot be reached" in shown["error"]
    assert str(tmp_path) not in shown["error"]


@pytest.mark.parametrize("path", ["", "{id}"])
def test_a_failure_is_told_in_the_visitor_s_language(app, owner, ckan_config, run_jobs, path):
    ckan_config["ckanext.export.lake.url"] = "/nowhere"
    made = act("export_prepare", owner, formats="csv")
    run_jobs()
    headers = {"Authorization": owner["token"]}
    answer = app.get(f"/pt_PT/export/jobs/{path.format(**made)}", headers=headers)

    assert "Não é possível aceder ao lago de dados" in answer.body


def test_a_failure_is_no_markup(app, job, owner):
    model.Session.execute(sa.text("UPDATE export_job SET error = '<b>5 % of it</b>'"))
    model.Session.commit()
    model.Session.expire_all()
    headers = {"Authorization": owner["token"]}

    assert "&lt;b&gt;5 % of it" in app.get(f"/export/jobs/{job['id']}", headers=headers).body


def test_who_follows_the_link_of_an_e_mail_logs_in_first(app, job):
    answer = app.get(f"/export/jobs/{job['id']}", follow_redirects=False)

    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.location).query)
    assert query["next"] == [f"/export/jobs/{job['id']}"]
