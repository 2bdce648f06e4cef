"""The actions of the extension, over HTTP and inside CKAN."""

import ckan.plugins as p
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckan.tests.helpers import call_action, call_auth

from tests.api.http import FORMATS, Api
from tests.api.lakes import count
from tests.builders import some_rows, write_lake


def test_formats_are_an_action(api):
    for answer in (
        api.ask("GET", "/api/3/action/export_format_list"),
        api.action("export_format_list"),
    ):
        assert answer.status_code == 200
        assert [kind["name"] for kind in answer.json()["result"]] == FORMATS
        assert set(answer.json()["result"][0]) == {"name", "media_type", "extension", "description"}


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        ({}, "true"),
        ({"types": "sensor,light"}, "type IN ('sensor', 'light')"),
        ({"types": ["sensor", "light"], "units": []}, "type IN ('sensor', 'light')"),
        ({"units": ["°C", "%"]}, "unit IN ('°C', '℃', '%')"),
        (
            {"date_from": "2016-01-12", "date_to": "2016-01-13", "units": ""},
            "last_updated::DATE BETWEEN '2016-01-12' AND '2016-01-13'",
        ),
        ({"date_from": "2030-01-01"}, "false"),
        ({"types": "person"}, "type = 'person'"),
    ],
)
def test_the_summary_counts_what_an_independent_engine_counts(api, demo_lake, filters, condition):
    assert api.result("export_summary_show", json=filters) == count(demo_lake, condition)


def test_the_summary_by_address(api, demo_lake):
    path = "/api/3/action/export_summary_show?types=sensor&units=W&date_to=2016-01-12"
    answer = api.ask("GET", path).json()["result"]

    expected = "type = 'sensor' AND unit = 'W' AND last_updated < '2016-01-13'"
    assert answer == count(demo_lake, expected)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"date_from": "2022-02-30"}, "date_from"),
        ({"date_to": "yesterday"}, "date_to"),
        ({"date_to": 20220101}, "date_to"),
        ({"types": {"sensor": 1}}, "types"),
        ({"units": ["W", None]}, "units"),
        ({"type": "sensor"}, "type"),
        ({"date_from": "2016-01-12", "date_to": "2016-01-11"}, "date_from"),
        ({"date_from": ["2016-01-12", "2016-01-12"]}, "date_from"),
    ],
)
def test_bad_filters_are_named(api, data, name):
    answer = api.action("export_summary_show", json=data)

    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["__type"] == "Validation Error"
    assert list(error[name])
    assert set(error) == {"__type", name}


def test_a_summary_of_a_portal_for_users(members_portal, user):
    filters = {"date_to": "2022-06-20"}
    visitor = Api(members_portal.url)

    refused = visitor.action("export_summary_show", json=filters)

    assert refused.status_code == 403
    assert "token" in refused.json()["error"]["message"]
    assert user.result("export_summary_show", json=filters)["rows"] > 0


class Chained(p.SingletonPlugin):
    """Another extension, which knows better who may export."""

    p.implements(p.IAuthFunctions)

    def get_auth_functions(self):
        return {"export_observations": _only_the_welcome}


@tk.chained_auth_function
@tk.auth_allow_anonymous_access
def _only_the_welcome(next_auth, context, data_dict):
    if context.get("user") == "unwelcome":
        return {"success": False, "msg": "Not today."}
    return next_auth(context, data_dict)


@pytest.fixture
def lake(tmp_path, ckan_config):
    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path / "lake", some_rows()))
    return tmp_path / "lake"


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins", "with_request_context")
class TestInside:
    def test_numbers(self, lake):
        found = call_action("export_summary_show", types=["light"])

        assert found == count(lake, "type = 'light'")

    def test_formats(self):
        assert [k["name"] for k in call_action("export_format_list")] == FORMATS

    @pytest.mark.parametrize("data", [{"date_from": "1/2/2022"}, {"limit": "1"}])
    def test_validation(self, lake, data):
        with pytest.raises(tk.ValidationError) as caught:
            call_action("export_summary_show", **data)
        assert list(caught.value.error_dict) == list(data)

    @pytest.mark.parametrize(
        ("access", "user", "allowed"),
        [
            ("anonymous", "", True),
            ("anonymous", "anna", True),
            ("user", "", False),
            ("user", "anna", True),
            ("sysadmin", "", False),
            ("sysadmin", "anna", False),
        ],
    )
    def test_access(self, lake, ckan_config, clean_db, access, user, allowed):
        ckan_config["ckanext.export.access"] = access
        if user:
            factories.User(name=user)
        context = {"user": user, "ignore_auth": False}
        if allowed:
            assert call_action("export_summary_show", context, date_to="")["rows"] == 60
            return
        with pytest.raises(tk.NotAuthorized):
            call_action("export_summary_show", context)

    def test_sysadmins_may_always(self, lake, ckan_config, clean_db):
        ckan_config["ckanext.export.access"] = "sysadmin"
        chief = factories.Sysadmin()
        context = {"user": chief["name"], "ignore_auth": False}

        assert call_action("export_summary_show", context)["rows"] == 60


@pytest.mark.with_plugins({"chained": Chained})
@pytest.mark.usefixtures("with_plugins", "clean_db")
class TestAnotherExtension:
    @pytest.mark.parametrize("path", ["csv", "dataset?formats=json"])
    def test_it_refuses_whom_it_wants(self, lake, app, path):
        token = factories.UserWithToken(name="unwelcome")["token"]
        answer = app.get(f"/api/export/{path}", headers={"Authorization": token})

        assert answer.status_code == 403
        assert answer.json["detail"] == "Not today."
        allowed = app.get(f"/api/export/{path}")
        allowed.close()
        assert allowed.status_code == 200

    @pytest.mark.usefixtures("with_request_context")
    def test_it_is_asked_for_the_summary_too(self, lake):
        factories.User(name="unwelcome")
        with pytest.raises(tk.NotAuthorized, match="Not today"):
            call_auth("export_observations", {"user": "unwelcome"})
        with pytest.raises(tk.NotAuthorized, match="Not today"):
            call_action("export_summary_show", {"user": "unwelcome", "ignore_auth": False})
