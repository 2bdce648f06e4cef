"""Forgetting and rotating from the command line, while a portal of several processes runs."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from portal_stack.portal import Portal
from tests.api.http import Api
from tests.builders import HOMES, read_csv, some_rows, write_lake
from tests.conftest import StartPortal

CHECKOUT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(start_portal: StartPortal, tmp_path_factory: pytest.TempPathFactory) -> Portal:
    lake = write_lake(tmp_path_factory.mktemp("keys") / "lake", some_rows())
    return start_portal("keys", lake=lake)


def command(portal: Portal, *words: str, given: str = "") -> str:
    done = run(portal, *words, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(portal: Portal, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("ckan")
    return subprocess.run(
        [sys.executable, program, "-c", portal.ini, "export", *words],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        input=given,
        timeout=120,
    )


def pseudonyms(archive: bytes) -> set[str]:
    opened = zipfile.ZipFile(io.BytesIO(archive))
    (name,) = (name for name in opened.namelist() if name.endswith(".csv"))
    return {row["home"] for row in read_csv(opened.read(name))}


def sent(portal: Portal) -> set[str]:
    """By whichever of its processes: each of many answers is the same."""
    answers = [pseudonyms(Api(portal.url).get("csv").content) for _ in range(8)]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def test_a_home_read_from_the_standard_input_is_gone_everywhere(portal, tmp_path):
    before = sent(portal)
    told = command(portal, "forget", given=f"{HOMES[2]}\n")
    (gone,) = before - sent(portal)
    command(portal, "write", "csv", "-o", str(tmp_path / "out.zip"))

    assert gone in told
    assert "The home is forgotten." in told
    assert HOMES[2] not in told
    assert pseudonyms((tmp_path / "out.zip").read_bytes()) == before - {gone}
    assert json.loads(command(portal, "summary"))["homes"] == 3
    assert "before" in command(portal, "forget", given=f"{HOMES[2]}\n")
    assert "again" in command(portal, "forget", "--undo", given=f"{HOMES[2]}\n")
    assert sent(portal) == before


def test_published_files_are_made_again_at_once(portal):
    command(portal, "publish", "--month", "2022-06")
    told = command(portal, "forget", HOMES[3])

    assert "2022-06: updated, 45 rows" in told
    command(portal, "forget", "--undo", HOMES[3])
    assert "2022-06: updated, 60 rows" in command(portal, "publish", "--renew")


def test_a_home_that_the_lake_does_not_have_is_told(portal):
    done = run(portal, "forget", "villa-ana")

    assert done.returncode == 0
    assert "is its id right?" in done.stderr


def test_no_home_is_a_mistake(portal):
    assert run(portal, "forget", given="\n").returncode == 2


def test_rotating_asks_first_and_is_seen_by_every_process(portal):
    before = sent(portal)
    assert run(portal, "rotate-key", given="n\n").returncode == 1
    assert sent(portal) == before
    told = command(portal, "rotate-key", given="y\n")
    after = sent(portal)

    assert (len(before), len(after), before & after) == (4, 4, set())
    answer = Api(portal.url).get("csv").content
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(answer)).read("manifest.json"))
    assert f"The key is {manifest['applied']['privacy']['key_id']} now" in told
