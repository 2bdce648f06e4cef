"""`./portal test`: the test suite with PostgreSQL, Valkey and Solr of its own."""

import configparser
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal_stack import processes
from portal_stack.arguments import CHECKOUT
from portal_stack.backing import TEST_SITE, Backing
from portal_stack.home import Home, write_private
from portal_stack.portal import run_ckan, start_backing
from portal_stack.site import Site, escape
from portal_stack.steps import Steps

NO_PORT = 1


def run(main: Home, arguments: list[str]) -> int:
    """Returns pytest's exit code. Whatever happens, the services are stopped at the end."""
    home = Home(main.path / "test", tools=main.path).make()
    with home.lock():
        stop_all(home)  # left by a run that was killed
        try:
            prepare(home, Steps())
            schema = home.state["schema"]
            home.remember(schema=None)
            code = run_pytest(home, arguments)
            if was_whole(code):
                home.remember(schema=schema)
            return code
        finally:
            stop_all(home)


def prepare(home: Home, steps: Steps) -> None:
    backing = Backing(home, durable=False)
    start_backing(backing, steps)
    site = Site(home, backing, NO_PORT, TEST_SITE, backing.redis_database(TEST_SITE))
    new = backing.postgres.make_site(TEST_SITE)
    backing.solr.make_core(TEST_SITE)
    values = site.addresses() | {"ckan.storage_path": str(home.path / "storage")}
    write_private(home.ini, with_values(CHECKOUT / "test.ini", values))
    if new or home.state.get("schema") != site.schema():
        with steps.step("CKAN database for the tests"):
            run_ckan(home, "db", "init")
            run_ckan(home, "db", "pending-migrations", "--apply")
        home.remember(schema=site.schema())


def with_values(ini: Path, values: dict[str, str]) -> str:
    """The text of a CKAN configuration with some values replaced."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]  keeps capitals
    parser.read(ini)
    for key, value in values.items():
        parser.set("app:main", key, escape(value))
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def run_pytest(home: Home, arguments: list[str]) -> int:
    """Runs pytest in the checkout. Ctrl-C reaches it too, and it is given time to clean up."""
    own = [f"--ckan-ini={home.ini}", "-o", f"cache_dir={home.path / 'cache' / 'pytest'}"]
    command = [sys.executable, "-m", "pytest", *own, *map(resolve, arguments)]
    child = subprocess.Popen(command, cwd=CHECKOUT, env=environment(home))

    def end(number: int, frame: object) -> None:
        child.send_signal(signal.SIGINT)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, end),
    }
    try:
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def was_whole(code: int) -> bool:
    """Whether pytest came to its end. Otherwise the tables that a test had dropped may be missing,
    and the next run has to make them."""
    return code >= 0 and code != pytest.ExitCode.INTERRUPTED


def environment(home: Home) -> dict[str, str]:
    """Everything that the tests and their tools leave behind goes into the home."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CKAN_", "PG"))}
    caches = home.caches()
    del caches["TMPDIR"]  # Chromium puts a socket there, whose path may not be long
    return (
        kept
        | caches
        | {
            "PORTAL_TEST_HOME": str(home.path),
            "PYTEST_DEBUG_TEMPROOT": str(home.path / "tmp"),
            "RUFF_CACHE_DIR": str(home.path / "cache" / "ruff"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(home.path / "cache" / "hypothesis"),
            "PYTHONPATH": str(CHECKOUT),
        }
    )


def resolve(argument: str) -> str:
    """A test file named relative to where the command was given, as seen from the checkout."""
    path, colons, test = argument.partition("::")
    if not argument.startswith("-") and Path(path).exists() and not (CHECKOUT / path).exists():
        return f"{Path(path).resolve()}{colons}{test}"
    return argument


def stop_all(home: Home) -> None:
    """Stops everything that was started in this home and in the homes inside it."""
    notes = sorted(home.path.rglob("run/*.json"), key=_backing_last)
    for note in notes:
        processes.stop(note)


def _backing_last(note: Path) -> int:
    return {"ckan": 0, "worker": 0}.get(note.stem, 1)
