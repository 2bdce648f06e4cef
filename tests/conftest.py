"""Real portals for the tests, on the services that `./portal test` has started."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from portal_stack.portal import Portal

StartPortal = Callable[..., "Portal"]


@pytest.fixture(scope="session")
def start_portal() -> Iterator[StartPortal]:
    """Starts the portal of a name; it runs until all tests are done.

    A portal takes seconds to start, so those who can share one by its name.
    """
    folder = os.environ.get("PORTAL_TEST_HOME")
    if not folder:
        pytest.fail(
            "These tests need the services of a portal: run `./portal test`.", pytrace=False
        )
    from portal_stack.portal import running_portal

    with ExitStack() as running:
        started: dict[str, Portal] = {}

        def start(name: str, *, lake: Path | str, settings: dict[str, str] | None = None) -> Portal:
            if name not in started:
                home = Path(folder) / "portals" / name
                portal = running_portal(home, lake=str(lake), settings=settings)
                started[name] = running.enter_context(portal)
            return started[name]

        yield start


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo lake: eight homes, six days from 2016-01-11 on."""
    from ckanext.export.demo import make_demo_lake

    folder = tmp_path_factory.mktemp("lakes") / "demo"
    make_demo_lake(folder, homes=8, days=6)
    return folder


@pytest.fixture(scope="session")
def portal(start_portal: StartPortal, demo_lake: Path) -> Portal:
    """A portal as it is without any choice of its administrator's, on the small demo lake."""
    return start_portal("api", lake=demo_lake)


@pytest.fixture
def clean_db(reset_db: Any, migrate_db_for: Any) -> None:
    """CKAN's own drops the tables of extensions, and does not make them again."""
    from ckan.plugins import plugin_loaded

    reset_db()
    if plugin_loaded("export"):
        migrate_db_for("export")
