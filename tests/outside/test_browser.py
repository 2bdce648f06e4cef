"""Swagger UI in a real Chromium: opens, asks nobody but the portal, and makes an export."""

import io
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from portal_stack.portal import Portal
from tests.outside.visit import Visit

OPERATION = "#operations-export-export_format"


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f'{OPERATION} tr[data-param-name="{name}"]').locator("input, textarea")
    field.first.fill(value)


def test_the_page_opens_and_asks_nobody_but_the_portal(visit: Visit, portal: Portal, kept: Path):
    visit.page.goto(f"{portal.url}/api/export/ui/")

    expect(visit.page.locator(".opblock")).to_have_count(7)
    expect(visit.page.locator("h1, h2").first).to_contain_text("Export API")
    visit.page.wait_for_load_state("networkidle")
    visit.page.screenshot(path=kept / "swagger-ui.png", full_page=True)
    assert visit.hosts() == {urlsplit(portal.url).netloc}
    assert visit.complaints == []


def test_an_export_is_made_by_clicking(visit: Visit, portal: Portal, kept: Path):
    page = visit.page
    page.goto(f"{portal.url}/api/export/ui/")
    page.locator(f"{OPERATION} .opblock-summary-control").click()
    fill(page, "date_from", "2016-01-12")
    fill(page, "date_to", "2016-01-13")
    page.locator(f"{OPERATION} .execute").click()

    answer = page.locator(f"{OPERATION} .live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text("200", timeout=30_000)
    link = answer.locator("a[download]")
    expect(link).to_contain_text("Download file")
    page.screenshot(path=kept / "swagger-ui-export.png", full_page=True)
    with page.expect_download() as waiting:
        link.click()
    archive = zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes()))
    assert archive.testzip() is None
    assert any(name.endswith(".csv") for name in archive.namelist())
    assert visit.hosts() == {urlsplit(portal.url).netloc}
    assert visit.complaints == []
    made = [url for url in visit.asked if "/api/export/csv" in url]
    assert made
    assert "date_from=2016-01-12&date_to=2016-01-13" in made[0]
