"""What the tools of others judge: the default portal, on the small demo lake."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal_stack.portal import Portal
from tests.conftest import StartPortal
from tests.outside.visit import Visit, chromium


@pytest.fixture(scope="session")
def api(portal: Portal) -> str:
    """The address of the Export API."""
    return f"{portal.url}/api/export"


@pytest.fixture(scope="session")
def kept(start_portal: StartPortal) -> Path:
    """An ignored folder for what a person may want to look at afterwards."""
    folder = Path(os.environ["PORTAL_TEST_HOME"]) / "outside"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    yield Visit(page)
    page.close()
