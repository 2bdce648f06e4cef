"""Portals that are not as the default one, shared by all tests of the API."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal_stack.portal import Portal
from tests.api.http import Api
from tests.builders import garble, write_large_day
from tests.conftest import StartPortal

DAMAGED_DAY = "2022-06-23"
WHOLE = {"date_to": "2022-06-22"}
ROWS_PER_DAY = 200_000


@pytest.fixture(scope="session")
def api(portal: Portal) -> Api:
    """The default portal for anonymous visitors."""
    return Api(portal.url)


@pytest.fixture(scope="session")
def admin(portal: Portal) -> Api:
    return Api(portal.url, portal.admin_token)


@pytest.fixture(scope="session")
def large_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days of incompressible states, the last of which is damaged in the middle of its pages."""
    folder = tmp_path_factory.mktemp("large")
    for day in ("2022-06-20", "2022-06-21", "2022-06-22"):
        write_large_day(folder, day, ROWS_PER_DAY)
    garble(write_large_day(folder, DAMAGED_DAY, ROWS_PER_DAY))
    return folder


@pytest.fixture(scope="session")
def members_portal(start_portal: StartPortal, large_lake: Path) -> Portal:
    """Only users may export, and only one at once; the lake is large."""
    settings = {"ckanext.export.access": "user", "ckanext.export.max_concurrent": "1"}
    return start_portal("members", lake=large_lake, settings=settings)


@pytest.fixture(scope="session")
def user_token(members_portal: Portal) -> str:
    return token_of_new_user(members_portal)


@pytest.fixture
def user(members_portal: Portal, user_token: str) -> Api:
    """A user who is no administrator."""
    return Api(members_portal.url, user_token)


@pytest.fixture(scope="session")
def private_portal(
    start_portal: StartPortal, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Portal, Path]:
    """Only administrators may export; the lake is whatever a test puts into the folder."""
    folder = tmp_path_factory.mktemp("changing") / "lake"
    settings = {
        "ckanext.export.access": "sysadmin",
        "ckanext.export.privacy.min_homes": "3",
        "ckanext.export.summary.seconds": "0",
    }
    portal = start_portal("private", lake=folder, settings=settings)
    return portal, folder


@pytest.fixture
def empty_lake(private_portal: tuple[Portal, Path]) -> Iterator[Path]:
    """The private portal's lake: a folder that is there for one test."""
    _, folder = private_portal
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def administrator(private_portal: tuple[Portal, Path]) -> Api:
    portal, _ = private_portal
    return Api(portal.url, portal.admin_token)


def token_of_new_user(portal: Portal, name: str = "visitor") -> str:
    """An API token of somebody with an account and no rights; the portal may know them already."""
    chief = Api(portal.url, portal.admin_token)
    account = {"name": name, "email": f"{name}@example.org", "password": "long enough 1"}
    made = chief.action("user_create", json=account)
    assert made.status_code in (200, 409), made.text
    return chief.result("api_token_create", json={"user": name, "name": "tests"})["token"]
