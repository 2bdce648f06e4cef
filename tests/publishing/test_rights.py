"""Who may do what: every action and every page, for every kind of person."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan import model
from ckan.tests import factories

from ckanext.export import jobs
from ckanext.export.logic import action
from ckanext.export.model import Job

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db")

EVERYBODY = ("anonymous", "user", "member", "editor", "owner", "sysadmin")
PASSWORD = "long enough 1"  # noqa: S105


@pytest.fixture
def tokens(lake, organization, editor, run_jobs) -> dict[str, str]:
    """API tokens of all kinds of people; the anonymous have none."""
    chief = factories.SysadminWithToken(name="chief")
    made = {"anonymous": "", "editor": editor["token"], "sysadmin": chief["token"]}
    for name in ("user", "owner"):
        made[name] = factories.UserWithToken(name=name)["token"]
    context = {"user": chief["name"], "ignore_auth": True}
    data = {"user": "member", "name": "tests"}
    made["member"] = tk.get_action("api_token_create")(context, data)["token"]
    return made


@pytest.fixture
def job(tokens) -> str:
    """The owner's prepared export, complete."""
    made = jobs.create("prepare", model.User.get("owner").id, ASKED)
    jobs.run(made.id)
    assert model.Session.get_one(Job, made.id).state == "complete"
    return made.id


ASKED = {
    "query": {"date_from": [], "date_to": [], "types": ["light"], "units": []},
    "formats": ["csv"],
}


def statuses(tokens: dict[str, str], ask: Callable[[dict[str, str]], Any]) -> dict[str, int]:
    return {
        name: ask({"Authorization": tokens[name]} if tokens[name] else {}).status_code
        for name in EVERYBODY
    }


def expected(*allowed: str, yes: int = 200, no: int = 403) -> dict[str, int]:
    return {name: yes if name in allowed else no for name in EVERYBODY}


LOGGED_IN = ("user", "member", "editor", "owner", "sysadmin")


@pytest.mark.parametrize(
    ("action", "data", "allowed"),
    [
        ("export_format_list", {}, EVERYBODY),
        ("export_summary_show", {}, EVERYBODY),
        ("export_prepare", {"formats": "csv"}, LOGGED_IN),
        ("export_publish", {"month": "2022-06"}, ("editor", "sysadmin")),
        ("export_publish", {"changed": True}, ("editor", "sysadmin")),
        ("export_job_list", {}, LOGGED_IN),
        ("export_home_forget", {"home": "a home"}, ("sysadmin",)),
        ("export_home_forget", {"home": "a home", "undo": True}, ("sysadmin",)),
    ],
)
def test_actions(app, tokens, action, data, allowed):
    found = statuses(
        tokens, lambda headers: app.post(f"/api/3/action/{action}", json=data, headers=headers)
    )

    assert found == expected(*allowed)


@pytest.mark.parametrize("action", ["export_job_show", "export_job_cancel"])
def test_a_job_is_its_owner_s_and_the_sysadmins(app, tokens, job, action):
    found = statuses(
        tokens,
        lambda headers: app.post(f"/api/3/action/{action}", json={"id": job}, headers=headers),
    )

    assert found == expected("owner", "sysadmin")


@pytest.mark.parametrize("name", ["owner", "sysadmin"])
def test_those_who_see_a_job_may_delete_it(app, tokens, job, name):
    def delete(person: str) -> int:
        headers = {"Authorization": tokens[person]} if tokens[person] else {}
        path = "/api/3/action/export_job_delete"
        return app.post(path, json={"id": job}, headers=headers).status_code

    assert [delete(other) for other in EVERYBODY if other not in ("owner", "sysadmin")] == [403] * 4
    assert delete(name) == 200
    assert delete(name) == 404


def test_a_list_of_jobs_has_one_s_own(app, tokens, job):
    def listed(name: str) -> list[str]:
        headers = {"Authorization": tokens[name]}
        answer = app.get("/api/3/action/export_job_list", headers=headers)
        return [found["id"] for found in answer.json["result"]]

    assert {name: listed(name) for name in LOGGED_IN} == {
        name: [job] if name in ("owner", "sysadmin") else [] for name in LOGGED_IN
    }


@pytest.mark.parametrize(
    ("path", "nobody"), [("/export/jobs/{job}", 302), ("/export/jobs/{job}/download", 403)]
)
def test_pages_of_a_job(app, tokens, job, path, nobody):
    found = statuses(
        tokens,
        lambda headers: app.get(path.format(job=job), headers=headers, follow_redirects=False),
    )

    assert found == expected("owner", "sysadmin") | {"anonymous": nobody}


def test_the_page_of_one_s_jobs(app, tokens, job):
    found = statuses(
        tokens,
        lambda headers: app.get("/export/jobs/", headers=headers, follow_redirects=False),
    )

    assert found == expected(*LOGGED_IN) | {"anonymous": 302}


@pytest.mark.parametrize("path", ["/ckan-admin/export", "/ckan-admin/export/lake"])
def test_the_administrator_s_pages(app, tokens, job, path):
    found = statuses(tokens, lambda headers: app.get(path, headers=headers))

    assert found == expected("sysadmin")


FORMS = [
    ("/ckan-admin/export/publish", {"month": "2022-06"}, ("sysadmin",)),
    ("/ckan-admin/export/jobs/{job}/cancel", {}, ("sysadmin",)),
    ("/export/jobs/prepare", {"formats": "csv"}, LOGGED_IN),
    ("/export/jobs/{job}/cancel", {}, ("owner", "sysadmin")),
]


@pytest.mark.parametrize(("path", "data", "allowed"), FORMS)
def test_forms_by_api_token(app, tokens, job, path, data, allowed):
    found = statuses(
        tokens,
        lambda headers: app.post(
            path.format(job=job), data=data, headers=headers, follow_redirects=False
        ),
    )

    assert found == expected(*allowed, yes=302)


@pytest.mark.parametrize("name", EVERYBODY)
def test_deleting_by_its_form(app, tokens, job, name):
    headers = {"Authorization": tokens[name]} if tokens[name] else {}
    path = f"/export/jobs/{job}/delete"
    answer = app.post(path, headers=headers, follow_redirects=False)

    assert answer.status_code == (302 if name in ("owner", "sysadmin") else 403)
    assert (Job.get(job) is None) == (answer.status_code == 302)


@pytest.mark.parametrize(
    ("access", "allowed"),
    [("anonymous", EVERYBODY), ("user", LOGGED_IN), ("sysadmin", ("sysadmin",))],
)
def test_the_page_for_people_and_the_api(app, tokens, ckan_config, access, allowed):
    ckan_config["ckanext.export.access"] = access
    for path in ("/export", "/export/live", "/export/preview?formats=csv", "/api/export/csv"):
        found = statuses(tokens, lambda headers, path=path: app.get(path, headers=headers))
        assert found == expected(*allowed), path


def test_every_action_and_page_is_asked_for_here(app):
    """A new one has to be judged too."""
    text = Path(__file__).read_text()
    for name in action.__all__:
        assert f'"{name}"' in text or f"/{name}" in text, name
    for rule in app.flask_app.url_map.iter_rules():
        if rule.endpoint.startswith(("export_jobs.", "export_admin.", "export_page.")):
            path = re.sub("<.*?>", "{job}", rule.rule)
            assert path in text, path


@pytest.fixture
def with_csrf(app, ckan_config, monkeypatch):
    """CKAN's protection of forms, as every portal has it; the tests' configuration has not."""
    for settings in (ckan_config, app.flask_app.config):
        monkeypatch.setitem(settings, "WTF_CSRF_ENABLED", True)


def log_in(app: Any, name: str) -> None:
    """A session, as a browser has it."""
    model.User.get(name).password = PASSWORD
    model.Session.commit()
    page = app.get("/user/login").body
    data = {"login": name, "password": PASSWORD, "_csrf_token": csrf_token(page)}
    answer = app.post("/user/login", data=data, follow_redirects=False)
    assert answer.status_code == 302, answer.body


def csrf_token(page: str) -> str:
    found = re.search(r'name="_csrf_token"[^>]*(?:value|content)="([^"]+)"', page)
    assert found
    return found[1]


FORMS_TO_PROTECT = [*FORMS, ("/export/jobs/{job}/delete", {}, ("owner", "sysadmin"))]


@pytest.mark.parametrize(("path", "data", "allowed"), FORMS_TO_PROTECT)
def test_a_form_needs_its_own_token_even_when_strangers_were_there(
    app, tokens, job, with_csrf, path, data, allowed
):
    """A request without a login makes CKAN stop asking for the token at that view."""
    name = "owner" if "owner" in allowed else "chief"
    address = path.format(job=job)
    app.post(address, data=data)
    log_in(app, name)

    forged = app.post(address, data=data, follow_redirects=False)
    wrong = app.post(address, data=data | {"_csrf_token": "made up"}, follow_redirects=False)
    page = app.get("/export/jobs/" + job).body
    meant = app.post(address, data=data | {"_csrf_token": csrf_token(page)}, follow_redirects=False)

    assert (forged.status_code, wrong.status_code, meant.status_code) == (400, 400, 302)


@pytest.mark.parametrize(("path", "data", "allowed"), FORMS_TO_PROTECT)
def test_a_form_is_no_link(app, tokens, job, path, data, allowed):
    headers = {"Authorization": tokens["sysadmin"]}
    answer = app.get(path.format(job=job), headers=headers, follow_redirects=False)

    assert answer.status_code in (404, 405)


class TestPublishing:
    def publish(self, app: Any, token: str, **data: Any) -> Any:
        path = "/api/3/action/export_publish"
        return app.post(path, json=data, headers={"Authorization": token})

    def test_an_editor_may_not_publish_into_a_dataset_of_others(self, app, tokens):
        other = factories.Organization(name="others")
        factories.Dataset(name="theirs", owner_org=other["id"])

        assert self.publish(app, tokens["editor"], dataset="theirs").status_code == 403
        assert self.publish(app, tokens["sysadmin"], dataset="theirs").status_code == 200

    def test_an_editor_elsewhere_may_not_publish(self, app, tokens):
        factories.Organization(name="others", users=[{"name": "user", "capacity": "admin"}])

        assert self.publish(app, tokens["user"]).status_code == 403

    @pytest.mark.ckan_config("ckan.auth.create_unowned_dataset", "true")
    def test_where_nobody_owns_the_exports_sysadmins_publish(self, app, tokens, ckan_config):
        ckan_config["ckanext.export.owner_org"] = ""

        assert self.publish(app, tokens["editor"]).status_code == 403
        assert self.publish(app, tokens["sysadmin"]).status_code == 200

    def test_the_organisation_of_the_template_counts(self, app, tokens, ckan_config):
        other = factories.Organization(
            name="others", users=[{"name": "user", "capacity": "editor"}]
        )
        factories.Dataset(name="the-template", owner_org=other["id"])
        ckan_config["ckanext.export.dataset"] = "the-template"

        assert self.publish(app, tokens["editor"]).status_code == 403
        assert self.publish(app, tokens["user"]).status_code == 200

    def test_rights_that_were_lost_meanwhile_count(self, app, tokens, organization, run_jobs):
        answer = self.publish(app, tokens["editor"], month="2022-06")
        data = {"id": organization["id"], "username": "editor"}
        tk.get_action("organization_member_delete")({"ignore_auth": True, "user": "chief"}, data)
        run_jobs()

        job = model.Session.get_one(Job, answer.json["result"]["id"])
        assert job.state == "failed"
        assert "may not" in job.error


@pytest.mark.ckan_config("ckanext.export.access", "sysadmin")
def test_who_may_not_export_may_not_prepare(app, tokens):
    found = statuses(
        tokens,
        lambda headers: app.post(
            "/api/3/action/export_prepare", json={"formats": "csv"}, headers=headers
        ),
    )

    assert found == expected("sysadmin")
