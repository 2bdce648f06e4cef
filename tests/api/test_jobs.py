"""Jobs on a running portal with a worker of its own, which may be killed."""

import hashlib
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psutil
import pytest

from portal_stack.portal import Portal
from tests.api.conftest import WHOLE
from tests.api.http import Api

PATIENCE = 90  # seconds
RUN = uuid4().hex[:8]  # portals of the tests outlive a run


@pytest.fixture
def chief(members_portal: Portal) -> Api:
    return Api(members_portal.url, members_portal.admin_token)


def wait(api: Api, job: dict[str, Any], until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        shown = api.result("export_job_show", json={"id": job["id"]})
        if until(shown):
            return shown
        time.sleep(0.1)
    raise AssertionError(shown)


def ended(job: dict[str, Any]) -> bool:
    return job["state"] not in ("waiting", "running")


def under_way(job: dict[str, Any]) -> bool:
    return job["state"] == "running" and job["rows"] > 0


def publish(api: Api, dataset: str, formats: str) -> dict[str, Any]:
    return api.result("export_publish", json=WHOLE | {"dataset": dataset, "formats": formats})


def exists(api: Api, dataset: str) -> bool:
    return api.action("package_show", json={"id": dataset}).status_code == 200


def test_a_worker_that_is_killed_leaves_nothing_half_published(members_portal, chief):
    job = publish(chief, f"killed-{RUN}", "json,xml,csv")
    wait(chief, job, under_way)
    worker = members_portal.site.worker.process()
    assert worker
    for child in psutil.Process(worker.pid).children():
        child.kill()

    shown = wait(chief, job, ended)

    assert shown["state"] == "failed"
    assert "start it again" in shown["error"]
    assert not exists(chief, f"killed-{RUN}")
    again = wait(chief, publish(chief, f"killed-{RUN}", "csv"), ended)
    assert (again["state"], again["rows"]) == ("complete", 600_000)


def test_a_job_that_is_cancelled_under_way_publishes_nothing(chief):
    job = publish(chief, f"cancelled-{RUN}", "json,xml,csv")
    wait(chief, job, under_way)

    chief.result("export_job_cancel", json={"id": job["id"]})
    assert wait(chief, publish(chief, f"after-it-{RUN}", "csv"), ended)["state"] == "complete"

    assert wait(chief, job, ended)["state"] == "cancelled"
    assert not exists(chief, f"cancelled-{RUN}")
    assert exists(chief, f"after-it-{RUN}")


def test_a_prepared_export_is_fetched_piece_by_piece(members_portal, user):
    job = user.result("export_prepare", json=WHOLE | {"formats": "csv"})
    shown = wait(user, job, ended)
    assert (shown["state"], shown["rows"]) == ("complete", 600_000)
    path = shown["url"].removeprefix(members_portal.url)

    whole = user.ask("GET", path).content
    half = len(whole) // 2
    pieces = [
        user.ask("GET", path, headers={"Range": f"bytes={part}"})
        for part in (f"0-{half - 1}", f"{half}-")
    ]

    assert [piece.status_code for piece in pieces] == [206, 206]
    joined = b"".join(piece.content for piece in pieces)
    assert hashlib.sha256(joined).digest() == hashlib.sha256(whole).digest()
    assert Api(members_portal.url).ask("GET", path).status_code == 403
