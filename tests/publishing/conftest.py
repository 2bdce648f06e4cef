"""A portal inside the test process, with a lake of its own and people with all kinds of rights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ckan.lib.jobs import get_queue
from ckan.tests import factories

from tests.builders import some_rows, write_lake
from tests.publishing.forgetting import HOME, act, shown

TYPE = "observations"


@pytest.fixture
def lake(tmp_path: Path, ckan_config: Any) -> Path:
    folder = write_lake(tmp_path / "lake", some_rows())
    ckan_config["ckanext.export.lake.url"] = str(folder)
    return folder


@pytest.fixture
def editor() -> dict[str, Any]:
    return factories.UserWithToken(name="editor")


@pytest.fixture
def organization(editor: dict[str, Any], ckan_config: Any) -> dict[str, Any]:
    """The one that owns the exports, with an editor and a member."""
    member = factories.User(name="member")
    made = factories.Organization(
        name="hull-homes",
        users=[
            {"name": editor["name"], "capacity": "editor"},
            {"name": member["name"], "capacity": "member"},
        ],
    )
    ckan_config["ckanext.export.owner_org"] = made["name"]
    return made


@pytest.fixture
def run_jobs() -> Any:
    """Does what is in the queue, in this process, as a worker would."""
    queue = get_queue()
    queue.empty()

    def run() -> None:
        while queued := queue.jobs:
            queued[0].perform()
            queued[0].delete()

    yield run
    queue.empty()


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
