"""Makes the pictures of pictures.rst: `python docs/make_pictures.py http://127.0.0.1:5000`.

The portal is one that `./portal up` has started, with its demo lake. Needs Playwright and
Chromium, both of which the tests need too.
"""

import sys
from collections.abc import Callable
from pathlib import Path

# The checkout is no package: the tests' way of starting Chromium is found beside this folder.
sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, expect  # noqa: E402

from tests.outside.visit import chromium  # noqa: E402

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


PICTURES: dict[str, tuple[int, Callable[[Page, str], None]]] = {
    "page": (WIDE, whole),
    "page-part": (WIDE, part),
    "page-empty": (WIDE, empty),
    "page-mistake": (WIDE, mistake),
    "page-portuguese": (WIDE, portuguese),
    "page-telephone": (NARROW, whole),
    "page-arabic": (NARROW, arabic),
    "swagger-ui": (WIDE, api),
}


def _ready(page: Page) -> None:
    expect(page.locator(".export-rows tbody tr")).to_have_count(10)
    expect(page.locator("#export-size")).not_to_have_text("–")


def main(url: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        for name, (width, show) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": 800}, locale="en-GB")
            show(page, url.rstrip("/"))
            page.wait_for_load_state("networkidle")
            page.add_style_tag(content=PLAIN)
            page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
            page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
