"""Who may export may see the page, and nobody else may see a number."""

import pytest
from ckan.tests import factories

PATHS = [
    "/export",
    "/export/live",
    "/export/preview?formats=csv",
    "/export?do=download&formats=csv",
]

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "export"),
    pytest.mark.usefixtures("with_plugins", "lake", "clean_db"),
]


@pytest.fixture
def headers():
    """Of somebody: "" is nobody."""

    def of(person: str) -> dict[str, str]:
        if not person:
            return {}
        account = {"user": factories.UserWithToken, "sysadmin": factories.SysadminWithToken}
        return {"Authorization": account[person]()["token"]}

    return of


@pytest.mark.parametrize(
    ("access", "person", "allowed"),
    [
        ("anonymous", "", True),
        ("anonymous", "user", True),
        ("user", "", False),
        ("user", "user", True),
        ("user", "sysadmin", True),
        ("sysadmin", "", False),
        ("sysadmin", "user", False),
        ("sysadmin", "sysadmin", True),
    ],
)
def test_the_rule_holds_for_page_and_fragments(app, ckan_config, headers, access, person, allowed):
    ckan_config["ckanext.export.access"] = access
    given = headers(person)
    for path in PATHS:
        answer = app.get(path, headers=given, follow_redirects=False)
        assert (answer.status_code in (200, 302)) is allowed, path
        if not allowed:
            assert answer.status_code == 403
            assert "export-numbers" not in answer.text
            assert "climate" not in answer.text
    navigation = app.get("/about", headers=given).text
    assert ('href="/export"' in navigation) is allowed


def test_who_is_refused_learns_what_to_do(app, ckan_config):
    ckan_config["ckanext.export.access"] = "user"
    refused = app.get("/de/export").text

    assert "/user/login?next=" in refused
    ckan_config["ckanext.export.access"] = "sysadmin"
    assert "Only administrators" in app.get("/export").text


def test_the_requests_for_programs_name_a_token_where_one_is_needed(app, ckan_config, headers):
    assert "CKAN_API_TOKEN" not in app.get("/export").text
    ckan_config["ckanext.export.access"] = "user"
    assert app.get("/export", headers=headers("user")).text.count("CKAN_API_TOKEN") == 3


def test_nothing_can_be_posted(app):
    for path in PATHS:
        assert app.post(path).status_code == 405
