"""Who may export, over HTTP with and without API tokens."""

import pytest

from tests.api.conftest import token_of_new_user
from tests.api.http import Api, expect_problem
from tests.builders import HOMES, in_every_home, observation, write_lake

EXPORTS = ["csv", "dataset?formats=csv,json"]


@pytest.mark.parametrize("path", EXPORTS)
def test_a_portal_for_users_refuses_visitors(members_portal, path):
    visitor = Api(members_portal.url)
    found = expect_problem(visitor.get(path), 403)

    assert "token" in found["detail"]
    headed = visitor.head(path)
    assert (headed.status_code, headed.content) == (403, b"")


def test_a_wrong_token_is_no_token(members_portal):
    expect_problem(Api(members_portal.url, "made.up.token").get("csv"), 403)


def test_access_is_judged_before_anything_else(members_portal):
    for path in ("pdf", "csv?date_from=x", "dataset"):
        expect_problem(Api(members_portal.url).get(path), 403)


@pytest.mark.parametrize("path", EXPORTS)
def test_a_portal_for_users_serves_users(user, path):
    assert user.head(path).status_code == 200


def test_what_describes_the_api_is_open_to_all(members_portal):
    visitor = Api(members_portal.url)

    for path in ("formats", "openapi.json", "ui/"):
        assert visitor.get(path).status_code == 200
    assert visitor.result("export_format_list", json={})


def test_a_private_portal_serves_administrators_alone(private_portal, administrator, empty_lake):
    portal, _ = private_portal
    write_lake(empty_lake, in_every_home(observation()))
    token = token_of_new_user(portal)

    for other in (Api(portal.url), Api(portal.url, token)):
        found = expect_problem(other.get("csv"), 403)
        assert "administrator" in found["detail"]
        assert other.action("export_summary_show", json={}).status_code == 403
    assert administrator.get("csv").status_code == 200
    assert administrator.result("export_summary_show", json={})["rows"] == len(HOMES)


@pytest.mark.parametrize("number", [1, 2])
def test_too_few_homes_are_refused_without_their_number(administrator, empty_lake, number):
    write_lake(empty_lake, [observation(home=home) for home in HOMES[:number]])

    answers = [administrator.get("csv"), administrator.get("csv?types=sensor")]

    for answer in answers:
        found = expect_problem(answer, 403, "Too few homes")
        assert not any(sign.isdigit() for sign in found["detail"])
    headed = administrator.head("csv")
    assert (headed.status_code, headed.content) == (403, b"")
    summary = administrator.action("export_summary_show", json={})
    assert summary.status_code == 409
    assert str(number) not in str(summary.json()["error"]["message"])


def test_three_homes_are_enough(administrator, empty_lake):
    write_lake(empty_lake, [observation(home=home) for home in HOMES[:3]])

    assert administrator.get("csv").status_code == 200
