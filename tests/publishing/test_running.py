"""A job while it runs: others see how far it is, and may cancel it."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ckan import model
from ckan.tests.helpers import call_action
from lxml import html

from ckanext.export import prepare
from ckanext.export.lake.files import FileScan
from tests.builders import write_large_day
from tests.publishing.forgetting import DATASET, act, shown

pytestmark = [
    pytest.mark.usefixtures("with_plugins", "clean_db"),
    pytest.mark.ckan_config("ckanext.export.summary.seconds", 0),
    pytest.mark.ckan_config("ckan.max_resource_size", 100),
]

ROWS = 200_000
PATIENCE = 60  # seconds


class Slow(FileScan):
    """Pauses after every batch, until nobody looks any more."""

    unwatched = threading.Event()

    def batches(self, *columns):
        for batch in super().batches(*columns):
            yield batch
            self.unwatched.wait(0.5)


@pytest.fixture
def large(lake: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A lake that takes a while; what jobs write meanwhile lies in a folder of its own."""
    monkeypatch.setattr("ckanext.export.lake.files.FileScan", Slow)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    Slow.unwatched.set()
    return lake


def grow(lake: Path) -> None:
    """By a day of many observations, which visitors have been told of."""
    write_large_day(lake, "2022-06-29", ROWS)
    assert call_action("export_summary_show")["rows"] == ROWS + 60


@contextmanager
def running(run_jobs: Callable[[], None], job: dict[str, Any], user: dict[str, Any]) -> Iterator:
    """The job as its owner sees it on its way, done by another thread meanwhile."""

    def work() -> None:
        run_jobs()
        model.Session.remove()

    worker = threading.Thread(target=work)
    Slow.unwatched.clear()
    worker.start()
    try:
        until = time.monotonic() + PATIENCE
        while not (seen := shown(job, user))["percent"] and time.monotonic() < until:
            time.sleep(0.1)
        yield seen
    finally:
        Slow.unwatched.set()
        worker.join()


def expect_on_its_way(seen: dict[str, Any]) -> None:
    assert (seen["state"], seen["error"], seen["ended"]) == ("running", "", None)
    assert 0 < seen["percent"] < 100
    assert 0 < seen["rows"] < ROWS
    assert seen["bytes"] > 0
    assert seen["seconds"] > 0


def page(app: Any, job: dict[str, Any], user: dict[str, Any]) -> str:
    answer = app.get(f"/export/jobs/{job['id']}", headers={"Authorization": user["token"]})
    assert answer.status_code == 200
    return answer.body


def test_its_owner_sees_how_far_it_is(app, large, editor, run_jobs):
    grow(large)
    job = act("export_prepare", editor, formats="csv,json")

    with running(run_jobs, job, editor) as seen:
        expect_on_its_way(seen)
        told = html.fromstring(page(app, job, editor)).get_element_by_id("export-job")
        (bar,) = told.iter("progress")
        words = " ".join(told.text_content().split())
        assert words.startswith("Running")
        assert seen["percent"] <= int(bar.get("value")) < 100
        assert "Cancel" in words
        assert "Download" not in words

    ended = shown(job, editor)
    assert (ended["state"], ended["percent"], ended["rows"]) == ("complete", 100, ROWS + 60)
    assert "Download" in page(app, job, editor)


def test_a_publication_that_is_cancelled_leaves_what_was_there(
    large, publish, chief, run_jobs, tmp_path
):
    publish(month="2022-06")
    before = call_action("package_show", id=DATASET)
    grow(large)
    job = act("export_publish", chief, month="2022-06")

    with running(run_jobs, job, chief) as seen:
        expect_on_its_way(seen)
        assert call_action("package_show", id=DATASET) == before
        act("export_job_cancel", chief, id=job["id"])

    assert shown(job, chief)["state"] == "cancelled"
    assert call_action("package_show", id=DATASET) == before
    assert list((tmp_path / "spool").iterdir()) == []


def test_one_that_is_prepared_and_cancelled_leaves_nothing(large, editor, run_jobs, tmp_path):
    grow(large)
    job = act("export_prepare", editor, formats="csv")

    with running(run_jobs, job, editor) as seen:
        expect_on_its_way(seen)
        act("export_job_cancel", editor, id=job["id"])

    assert shown(job, editor)["state"] == "cancelled"
    assert f"{job['id']}.zip" not in map(str, prepare.storage().scan())
    assert list((tmp_path / "spool").iterdir()) == []
