"""What people with an account see of jobs and publishing, in a real Chromium, with JavaScript and
without: one portal, in which each page is visited once and judged in every shape."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from portal_stack.portal import Portal
from tests.api.http import Api
from tests.conftest import StartPortal
from tests.outside.visit import NARROW, number, rows_of, serious, sign_in, width

TEMPLATE = "described-homes"
PASSWORD = "long enough 1"  # noqa: S105
WIDE = {"width": 1280, "height": 1000}
LIGHTS = "/export?types=light&formats=csv"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def peopled(start_portal: StartPortal, demo_lake: Path) -> Portal:
    """A portal with a dataset that describes exports and with somebody who has an account."""
    portal = start_portal("people", lake=demo_lake, settings={"ckanext.export.dataset": TEMPLATE})
    chief = Api(portal.url, portal.admin_token)
    for action, data in (
        ("user_create", {"name": "anna", "email": "anna@example.org", "password": PASSWORD}),
        ("package_create", {"name": TEMPLATE, "title": "Homes", "owner_org": "smart-homes"}),
    ):
        assert chief.action(action, json=data).status_code in (200, 409)  # they may be there
    return portal


@pytest.fixture(scope="module")
def sessions(peopled: Portal, browser: Browser) -> dict[str, object]:
    """Cookies of people who have logged in."""
    passwords = {"anna": PASSWORD, "admin": peopled.home.password_file.read_text().strip()}
    kept = {}
    for name, password in passwords.items():
        context = browser.new_context()
        page = context.new_page()
        sign_in(page, peopled.url, name, password)
        kept[name] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def visit(peopled: Portal, browser: Browser, sessions: dict) -> Iterator[Open]:
    """Opens a page as somebody; nothing may be wrong in its JavaScript."""
    contexts, wrong = [], []

    def visit(path: str, name: str, javascript: bool = True) -> Page:
        context = browser.new_context(
            java_script_enabled=javascript, storage_state=sessions[name], viewport=WIDE
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{peopled.url}{path}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


@contextmanager
def idle(portal: Portal) -> Iterator[None]:
    """Meanwhile the portal's worker takes no job."""
    running = portal.site.worker.process()
    assert running
    worker = psutil.Process(running.pid)
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


def judge(page: Page, kept: Path, name: str) -> None:
    """The page is accessible and fits a telephone, from left to right and from right to left."""
    there = page.url
    for language in ("", "ar"):
        if language:
            page.goto("/".join([*there.split("/")[:3], language, *there.split("/")[3:]]))
            assert page.evaluate("document.dir || document.documentElement.dir") == "rtl"
        ending = f"-{language}" if language else ""
        page.screenshot(path=kept / f"{name}{ending}.png", full_page=True)
        assert serious(page) == []
        page.set_viewport_size({"width": NARROW, "height": 800})
        page.screenshot(path=kept / f"{name}-{NARROW}{ending}.png", full_page=True)
        assert width(page) <= NARROW
        page.set_viewport_size(WIDE)
    page.goto(there)


def state(page: Page, told: str) -> None:
    expect(page.locator("#export-job [role=status]")).to_contain_text(told)


def fetch(page: Page) -> int:
    """The rows of the file that a job has prepared."""
    with page.expect_download() as waiting:
        page.locator("#export-job").get_by_role("link", name="Download").click()
    return rows_of(waiting.value.path())


def test_the_page_of_the_template_leads_to_the_export(visit: Open, kept: Path):
    for javascript in (True, False):
        page = visit(f"/dataset/{TEMPLATE}", "anna", javascript)
        if javascript:  # the page itself is CKAN's
            assert serious(page) == []
            page.screenshot(path=kept / "template.png", full_page=True)
        page.get_by_role("link", name="Choose and export observations").click()
        expect(page.locator("h1")).to_have_text("Export observations")


def test_an_export_is_prepared_fetched_and_deleted(visit: Open, peopled: Portal, kept: Path):
    page = visit(LIGHTS, "anna")
    expected = number(page, "Observations")
    with idle(peopled):
        page.get_by_role("button", name="Prepare it for me").click()
        state(page, "Waiting")
        expect(page.locator("#export-job progress")).to_be_visible()
        judge(page, kept, "job-waiting")

    state(page, "Complete")  # it asks by itself
    assert fetch(page) == expected
    judge(page, kept, "job-complete")
    page.get_by_role("link", name="Prepared exports").first.click()
    expect(page.locator("tbody tr").first).to_contain_text("Complete")
    judge(page, kept, "jobs")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".flash-messages")).to_contain_text("has been deleted")


def test_what_is_prepared_is_what_the_form_says_by_now(visit: Open):
    page = visit(LIGHTS, "anna")
    page.route("**/export/live*", lambda route: None)  # the portal takes its time
    page.get_by_role("checkbox", name="light").uncheck()
    page.get_by_role("checkbox", name="climate").check()
    page.locator('#export-form input[value="json"]').check()
    page.get_by_role("button", name="Prepare it for me").click()

    expect(page.locator("h1 + p")).to_have_text(re.compile(r"CSV, JSON\s+· climate"))
    state(page, "Complete")
    page.get_by_role("button", name="Delete").click()


def test_one_that_is_cancelled(visit: Open, peopled: Portal, kept: Path):
    page = visit(LIGHTS, "anna")
    with idle(peopled):
        page.get_by_role("button", name="Prepare it for me").click()
        page.get_by_role("button", name="Cancel").click()

        state(page, "Cancelled")
        page.screenshot(path=kept / "job-cancelled.png", full_page=True)
        expect(page.get_by_role("link", name="Download")).to_have_count(0)


def test_jobs_without_javascript(visit: Open, peopled: Portal, kept: Path):
    page = visit(LIGHTS, "anna", javascript=False)
    expected = number(page, "Observations")
    with idle(peopled):
        page.get_by_role("button", name="Prepare it for me").click()
        state(page, "Waiting")
        page.screenshot(path=kept / "job-plain.png", full_page=True)
    state(page, "Complete")  # the page comes again by itself
    assert fetch(page) == expected
    page.get_by_role("button", name="Delete").click()

    page.goto(f"{peopled.url}{LIGHTS}")
    with idle(peopled):
        page.get_by_role("button", name="Prepare it for me").click()
        page.get_by_role("button", name="Cancel").click()
        state(page, "Cancelled")


def test_the_administrator_publishes_and_cancels(visit: Open, peopled: Portal, kept: Path):
    page = visit("/ckan-admin/", "admin")
    page.get_by_role("link", name="Exports").click()
    expect(page.locator("#export-lake")).to_contain_text("Reachable")
    page.get_by_label("Month").fill("2016-01")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".flash-messages")).to_contain_text("queued")
    page.locator("#export-jobs tbody a").first.click()
    state(page, "Complete")
    page.get_by_role("link", name="The dataset").click()
    expect(page.locator("#dataset-resources")).to_contain_text("smart-homes_2016-01.csv")

    page.goto(f"{peopled.url}/ckan-admin/export")
    with idle(peopled):
        page.get_by_role("button", name="every month that has changed").click()
        judge(page, kept, "admin")
        page.locator("#export-jobs").get_by_role("button", name="Cancel").click()
    expect(page.locator("#export-jobs tbody tr").first).to_contain_text("Cancelled")


def test_the_administrator_without_javascript(visit: Open, peopled: Portal, kept: Path):
    page = visit("/ckan-admin/export", "admin", javascript=False)
    page.get_by_role("link", name="What the lake holds").click()
    expect(page.locator("h1")).to_have_text("The data lake")
    expect(page.locator("#export-lake")).to_contain_text("Reachable")
    page.screenshot(path=kept / "admin-lake-plain.png", full_page=True)
    page.get_by_role("link", name="Exports").click()
    with idle(peopled):
        page.get_by_label("Month").fill("2016-01")
        page.get_by_role("button", name="Publish", exact=True).click()
        page.locator("#export-jobs").get_by_role("button", name="Cancel").click()
    expect(page.locator("#export-jobs tbody tr").first).to_contain_text("Cancelled")
    page.screenshot(path=kept / "admin-plain.png", full_page=True)
