"""A real Chromium, and a page in it."""

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

QUIET = [
    "--no-sandbox",  # Chromium refuses to run as root with one
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 30_000  # milliseconds: a machine may be busy with other tests

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
NARROW = 360  # CSS pixels

expect.set_options(timeout=PATIENCE)


class Visit:
    """A page, and what it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", lambda request: self.complaints.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def _note(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def hosts(self) -> set[str]:
        web = [urlsplit(url) for url in self.asked]
        return {url.netloc for url in web if url.scheme not in ("blob", "data")}


@contextmanager
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


def sign_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/user/login")
    page.locator('input[name="login"]').fill(name)
    page.locator('input[name="password"]').fill(password)
    page.locator('form button[type="submit"]:has-text("Login")').click()
    page.wait_for_url("**/dashboard/**")


def serious(page: Page) -> list[str]:
    """What axe complains of that is more than a matter of taste, outside of CKAN's own bar for
    people who have logged in."""
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "axe.run({exclude: ['.account-masthead']}).then(found => found.violations)"
    )
    return [
        f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def rows_of(archive: Path) -> int:
    with zipfile.ZipFile(archive) as zipped:
        assert zipped.testzip() is None
        (name,) = [name for name in zipped.namelist() if name.endswith(".csv")]
        text = io.TextIOWrapper(zipped.open(name), encoding="utf-8", newline="")
        return sum(1 for _ in csv.reader(text)) - 1


def number(page: Page, name: str) -> int:
    """One of the numbers that the page for people shows."""
    told = page.locator(f".export-numbers div:has(dt:text-is('{name}')) dd").inner_text()
    return int(re.sub(r"\D", "", told))
