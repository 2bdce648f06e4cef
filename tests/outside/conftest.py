"""What the tools of others judge: the default portal, on the small demo lake."""

import os
from pathlib import Path

import pytest

from portal_stack.portal import Portal


@pytest.fixture(scope="session")
def api(portal: Portal) -> str:
    """The address of the Export API."""
    return f"{portal.url}/api/export"


@pytest.fixture(scope="session")
def kept(portal: Portal) -> Path:
    """An ignored folder for what a person may want to look at afterwards."""
    folder = Path(os.environ["PORTAL_TEST_HOME"]) / "outside"
    folder.mkdir(exist_ok=True)
    return folder
