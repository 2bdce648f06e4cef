"""The page for people in a real Chromium, with JavaScript and without."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from portal_stack.portal import Portal
from tests.outside.visit import NARROW, Visit, number, rows_of, serious, width


@pytest.fixture
def opened(visit: Visit, portal: Portal) -> Visit:
    """The page, with its first rows."""
    visit.page.goto(f"{portal.url}/export")
    ready(visit.page)
    return visit


def ready(page: Page) -> None:
    expect(page.locator(".export-rows tbody tr")).to_have_count(10)
    expect(page.locator("#export-size")).to_contain_text("iB")


def choose(page: Page, field: str, value: str) -> None:
    with page.expect_response(lambda answer: "/export/live" in answer.url):
        page.locator(f'input[name="{field}"][value="{value}"]').check()
    expect(page.locator("#export-live")).not_to_have_attribute("aria-busy", "true")


def test_it_shows_the_lake_and_asks_nobody_but_the_portal(
    opened: Visit, portal: Portal, kept: Path
):
    page = opened.page

    assert number(page, "Homes") == 8
    assert number(page, "Days") == 6
    expect(page.locator(".export-chart canvas")).to_be_visible()
    expect(page.locator("header").get_by_role("link", name="Export")).to_be_visible()
    page.screenshot(path=kept / "page.png", full_page=True)
    assert opened.hosts() == {urlsplit(portal.url).netloc}
    assert opened.complaints == []


def test_every_change_is_counted_and_the_address_keeps_it(opened: Visit):
    page = opened.page
    everything = number(page, "Observations")
    choose(page, "types", "light")
    ready(page)  # a request that a later one makes superfluous would be a complaint
    lights = number(page, "Observations")
    page.locator('input[name="date_to"]').fill("2016-01-12")
    expect(page.locator(".export-numbers")).to_contain_text("2")

    assert 0 < lights < everything
    expect(page).to_have_url(re.compile(r"/export\?.*types=light"))
    expect(page).to_have_url(re.compile(r"date_to=2016-01-12"))
    expect(page.locator("#export-said")).to_contain_text("observations of")
    ready(page)
    few = number(page, "Observations")
    page.reload()
    ready(page)
    assert number(page, "Observations") == few < lights
    assert page.locator('input[name="types"][value="light"]').is_checked()
    assert page.locator('input[name="date_to"]').input_value() == "2016-01-12"
    assert opened.complaints == []


def test_a_download(opened: Visit, kept: Path):
    page = opened.page
    choose(page, "types", "climate")
    expected = number(page, "Observations")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()

    assert rows_of(waiting.value.path()) == expected
    expect(page.locator("#export-progress")).to_contain_text("has begun")
    page.screenshot(path=kept / "page-download.png", full_page=True)


def test_a_download_is_of_what_the_form_says_by_now(opened: Visit):
    page = opened.page
    page.route("**/export/live*", lambda route: None)  # the portal takes its time
    page.locator('input[name="types"][value="climate"]').check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    page.unroute_all()
    page.goto(page.url + "?types=climate")

    assert rows_of(waiting.value.path()) == number(page, "Observations")


def test_while_it_is_prepared_something_happens(opened: Visit, kept: Path):
    page, waiting = opened.page, []
    page.route("**/api/export/**", lambda route: waiting.append(route))
    page.get_by_role("button", name="Download").click()

    expect(page.locator("#export-progress")).to_contain_text("being prepared")
    expect(page.get_by_role("button", name="Download")).to_be_disabled()
    page.screenshot(path=kept / "page-preparing.png", full_page=True)
    waiting[0].fulfill(status=503)
    expect(page.locator("#export-progress")).to_contain_text("busy")
    expect(page.get_by_role("button", name="Download")).to_be_enabled()


def test_what_is_wrong_stands_beside_the_field(opened: Visit, kept: Path):
    page = opened.page
    page.locator('input[name="date_from"]').fill("2016-01-14")
    page.locator('input[name="date_to"]').fill("2016-01-12")

    expect(page.locator("#export-note-date_from")).to_contain_text("swap the two")
    expect(page.locator('input[name="date_from"]')).to_have_attribute("aria-invalid", "true")
    assert serious(page) == []
    page.screenshot(path=kept / "page-mistake.png", full_page=True)
    page.locator('input[name="date_to"]').fill("")
    ready(page)
    expect(page.locator("#export-note-date_from")).to_be_empty()


def test_what_empties_the_result_is_told(opened: Visit, kept: Path):
    page = opened.page
    choose(page, "types", "light")
    choose(page, "units", "W")

    expect(page.locator("[data-export-empty]")).to_contain_text("No observation")
    expect(page.locator("#export-note-units")).to_contain_text("With other units")
    page.screenshot(path=kept / "page-empty.png", full_page=True)


def test_each_request_is_copied_by_one_click(opened: Visit, portal: Portal):
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=portal.url)
    for details in page.locator(".export-details").all():
        details.locator("summary").click()
    names = [button.get_attribute("data-export-copy") for button in buttons(page)]
    assert names == [f"export-{name}" for name in ("link", "page-link", "curl", "python", "r")]
    for name, button in zip(names, buttons(page), strict=True):
        button.click()
        expect(button).to_contain_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator(f"#{name}").text_content()
    assert opened.complaints == []


def buttons(page: Page) -> list:
    return page.locator("[data-export-copy]").all()


def test_the_request_for_curl_works(opened: Visit, tmp_path: Path):
    page = opened.page
    choose(page, "units", "%")
    expected = number(page, "Observations")
    run("/bin/sh", "-ec", text(page, "curl"), folder=tmp_path)

    assert rows_of(tmp_path / "smart-homes.zip") == expected


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")
def test_the_request_for_r_works(opened: Visit, tmp_path: Path):
    choose(opened.page, "units", "W")
    program = f"{text(opened.page, 'r')}\ncat(dim(observations))\n"
    (tmp_path / "request.R").write_text(program)

    assert run("Rscript", "request.R", folder=tmp_path)[-2:] == [
        f"{number(opened.page, 'Observations')}",
        "8",
    ]


def test_the_request_for_pandas_works(opened: Visit, tmp_path: Path):
    pytest.importorskip("pandas")
    choose(opened.page, "units", "W")
    program = f"{text(opened.page, 'python')}\nprint(*observations.shape)\n"
    (tmp_path / "request.py").write_text(program)

    assert run(sys.executable, "request.py", folder=tmp_path)[-2:] == [
        f"{number(opened.page, 'Observations')}",
        "8",
    ]


def text(page: Page, name: str) -> str:
    return page.locator(f"#export-{name}").text_content() or ""


def run(*command: str, folder: Path) -> list[str]:
    """The words that a program prints."""
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.mark.parametrize("locale", ["", "/ar", "/pt_PT"])
def test_axe_finds_nothing_serious(visit: Visit, portal: Portal, locale: str):
    visit.page.goto(f"{portal.url}{locale}/export")
    expect(visit.page.locator(".export-rows tbody tr")).to_have_count(10)
    for details in visit.page.locator(".export-details").all():
        details.locator("summary").click()

    assert serious(visit.page) == []


@pytest.mark.parametrize("locale", ["", "/ar"])
def test_it_fits_a_telephone(browser: Browser, portal: Portal, kept: Path, locale: str):
    page = browser.new_page(viewport={"width": NARROW, "height": 800})
    page.goto(f"{portal.url}{locale}/export")
    expect(page.locator(".export-rows tbody tr")).to_have_count(10)

    assert width(page) <= NARROW
    direction = page.evaluate("getComputedStyle(document.querySelector('.export-form')).direction")
    assert direction == ("rtl" if locale else "ltr")
    page.screenshot(path=kept / f"page-{NARROW}{locale.replace('/', '-')}.png", full_page=True)
    page.close()


@pytest.fixture
def plain(browser: Browser, portal: Portal) -> Iterator[Page]:
    """The page in a browser without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal.url}/export")
    yield page
    context.close()


class TestWithoutJavaScript:
    def test_numbers_rows_and_table(self, plain: Page, kept: Path):
        everything = number(plain, "Observations")
        plain.locator('input[name="types"][value="light"]').check()
        plain.get_by_role("button", name="Show the first rows").click()

        assert 0 < number(plain, "Observations") < everything
        ready(plain)
        assert plain.locator('input[name="types"][value="light"]').is_checked()
        plain.get_by_text("As a table").click()
        expect(plain.locator("#export-days-table tbody tr")).to_have_count(6)
        expect(plain.locator("[data-export-copy]").first).to_be_hidden()
        plain.screenshot(path=kept / "page-plain.png", full_page=True)

    def test_a_download(self, plain: Page):
        expected = number(plain, "Observations")
        with plain.expect_download() as waiting:
            plain.get_by_role("button", name="Download").click()

        assert rows_of(waiting.value.path()) == expected

    def test_mistakes_and_empty_results(self, plain: Page, kept: Path):
        plain.locator('input[name="date_from"]').fill("2016-01-14")
        plain.locator('input[name="date_to"]').fill("2016-01-12")
        plain.get_by_role("button", name="Download").click()
        expect(plain.locator("#export-note-date_from")).to_contain_text("swap the two")
        plain.screenshot(path=kept / "page-plain-mistake.png", full_page=True)

        plain.locator('input[name="date_from"]').fill("2030-01-01")
        plain.locator('input[name="date_to"]').fill("")
        plain.get_by_role("button", name="Download").click()
        expect(plain.locator("#export-note-date_from")).to_contain_text("from 2016-01-11 to")
