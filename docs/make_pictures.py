"""Makes the pictures of pictures.rst: `python docs/make_pictures.py http://127.0.0.1:5000 FILE`.

The portal is one that `./portal up` has started, with its demo lake; FILE holds the password of its
administrator, as `./portal up` tells. Needs Playwright and Chromium, both of which the tests need
too.
"""

import sys
from collections.abc import Callable
from pathlib import Path

# The checkout is no package: the tests' way of starting Chromium is found beside this folder.
sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, expect  # noqa: E402

from tests.outside.visit import chromium, sign_in  # noqa: E402

FOLDER = Path(__file__).with_name("pictures")
PLAIN = "* { background-image: none !important }"  # noise that makes files large
WIDE, NARROW = 1200, 360  # CSS pixels


def whole(page: Page, url: str) -> None:
    page.goto(f"{url}/export")
    _ready(page)


def part(page: Page, url: str) -> None:
    page.goto(f"{url}/export?types=sensor&units=W&date_from=2016-02-01&date_to=2016-03-31")
    _ready(page)
    page.get_by_text("Python (pandas)").click()


def empty(page: Page, url: str) -> None:
    page.goto(f"{url}/export?types=light&units=W&date_from=2016-02-01")


def mistake(page: Page, url: str) -> None:
    page.goto(f"{url}/export?date_from=2016-03-31&date_to=2016-02-01")


def portuguese(page: Page, url: str) -> None:
    page.goto(f"{url}/pt_PT/export")
    _ready(page)


def arabic(page: Page, url: str) -> None:
    page.goto(f"{url}/ar/export")
    _ready(page)


def api(page: Page, url: str) -> None:
    page.goto(f"{url}/api/export/ui/")
    expect(page.locator(".opblock").first).to_be_visible()


def job(page: Page, url: str) -> None:
    page.goto(f"{url}/export?types=light&formats=csv")
    page.get_by_role("button", name="Prepare it for me").click()
    expect(page.locator("#export-job [role=status]")).to_contain_text("Complete")


def published(page: Page, url: str) -> None:
    _administer(page, url)
    page.get_by_label("Month").fill("2016-02")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#export-jobs tbody a").first.click()
    expect(page.locator("#export-job [role=status]")).to_contain_text("Complete")
    page.get_by_role("link", name="The dataset").click()


def administrator(page: Page, url: str) -> None:
    _administer(page, url)
    expect(page.locator("#export-lake")).to_contain_text("Reachable")


PICTURES: dict[str, tuple[int, Callable[[Page, str], None]]] = {
    "page": (WIDE, whole),
    "page-part": (WIDE, part),
    "page-empty": (WIDE, empty),
    "page-mistake": (WIDE, mistake),
    "page-portuguese": (WIDE, portuguese),
    "page-telephone": (NARROW, whole),
    "page-arabic": (NARROW, arabic),
    "swagger-ui": (WIDE, api),
    "job": (WIDE, job),
    "published": (WIDE, published),
    "administrator": (WIDE, administrator),
}
SIGNED_IN = ("job", "published", "administrator")


def _administer(page: Page, url: str) -> None:
    page.goto(f"{url}/ckan-admin/export")


def _ready(page: Page) -> None:
    expect(page.locator(".export-rows tbody tr")).to_have_count(10)
    expect(page.locator("#export-size")).not_to_have_text("–")


def main(url: str, password_file: str) -> None:
    url, password = url.rstrip("/"), Path(password_file).read_text().strip()
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        for name, (width, show) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": 800}, locale="en-GB")
            if name in SIGNED_IN:
                sign_in(page, url, "admin", password)
            show(page, url)
            page.wait_for_load_state("networkidle")
            page.add_style_tag(content=PLAIN)
            page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
            page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
