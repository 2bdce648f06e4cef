"""Readers that go away, readers that are slow, and lakes that fail half-way."""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from portal_stack.portal import Portal
from tests.api.conftest import ROWS_PER_DAY, WHOLE
from tests.api.http import Api, expect_problem, member, unpack
from tests.api.lakes import count
from tests.builders import eventually

MEGABYTE = 1_000_000
FEW = 2  # threads that libraries may add to their pools: one left by each reader would be more
BIG = "dataset?formats=csv,json,xml"


class Serving:
    """The process of a portal that serves, seen from outside."""

    def __init__(self, portal: Portal, lake: Path) -> None:
        assert portal.pid
        (self._process,) = psutil.Process(portal.pid).children()
        self._lake = str(lake)
        self._temporary = portal.home.path / "tmp"

    def open_lake_files(self) -> list[str]:
        links = Path(f"/proc/{self._process.pid}/fd").iterdir()
        targets = []
        for link in links:
            try:
                targets.append(str(link.readlink()))
            except FileNotFoundError:
                continue  # closed since it was listed
        return [target for target in targets if target.startswith(self._lake)]

    def threads(self) -> int:
        return self._process.num_threads()

    def temporary_files(self) -> list[str]:
        """What lies in the temporary folder, and what is deleted there but open."""
        links = Path(f"/proc/{self._process.pid}/fd").iterdir()
        deleted = [t for t in map(_target, links) if t.endswith("(deleted)") and "/tmp" in t]  # noqa: S108
        return sorted(map(str, self._temporary.iterdir())) + deleted


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


@pytest.fixture
def serving(members_portal: Portal, large_lake: Path, user: Api) -> Serving:
    """What the server and the libraries keep for good is there before a test counts."""
    seen = Serving(members_portal, large_lake)
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(lambda _: user.get("openapi.json"), range(100)))
    assert eventually(lambda: is_free(user))
    begin(user)[0].close()
    assert eventually(lambda: not seen.open_lake_files() and is_free(user))
    return seen


def is_free(user: Api) -> bool:
    return user.head("csv", params=WHOLE).status_code == 200


def begin(user: Api, path: str = BIG) -> tuple[requests.Response, Iterator[bytes]]:
    """A big export of which the first megabyte has been read, and what is left to read."""
    answer = user.get(path, params=WHOLE, stream=True)
    assert answer.status_code == 200
    pieces = answer.iter_content(1 << 14)
    size = 0
    while size < MEGABYTE:
        size += len(next(pieces))
    return answer, pieces


@pytest.mark.parametrize("path", [BIG, "parquet", "xlsx"])
def test_nothing_is_left_when_the_reader_goes_away(user, serving, path):
    threads, files = serving.threads(), serving.temporary_files()
    answer, _ = begin(user, path)
    assert serving.open_lake_files()
    assert serving.threads() > threads

    answer.close()

    assert eventually(lambda: not serving.open_lake_files())
    assert eventually(lambda: is_free(user))
    assert eventually(lambda: serving.threads() <= threads + FEW)
    assert serving.temporary_files() == files


def test_readers_that_go_away_again_and_again_leave_nothing(user, serving):
    threads = serving.threads()
    for _ in range(6):
        assert eventually(lambda: is_free(user))
        answer = user.get(BIG, params=WHOLE, stream=True)
        assert answer.status_code == 200
        answer.raw.read(1)
        answer.close()

    assert eventually(lambda: not serving.open_lake_files())
    assert eventually(lambda: serving.threads() <= threads + FEW)
    assert eventually(lambda: is_free(user))


def test_head_leaves_nothing_open(user, serving):
    threads = serving.threads()
    for path in [BIG, "csv"] * 5:
        assert user.head(path, params=WHOLE).status_code == 200

    assert serving.open_lake_files() == []
    assert eventually(lambda: serving.threads() <= threads + FEW)


def test_the_only_place_is_taken_until_the_slow_reader_is_done(user, serving):
    _, rest = begin(user, "dataset?formats=csv,json")

    for answer in (user.get("csv", params=WHOLE), user.head("csv", params=WHOLE)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    found = expect_problem(user.get("csv"), 503, "Too many exports are running")
    assert "again" in found["detail"]
    assert user.get("formats").status_code == 200
    assert user.get("csv?date_from=x").status_code == 400

    for _ in rest:
        pass

    assert eventually(lambda: is_free(user))


@pytest.mark.parametrize("path", ["csv?date_from=2030-01-01", "csv?date_from=2022-06-30", "pdf"])
def test_what_ends_at_once_takes_no_place(user, serving, path):
    for _ in range(3):
        assert user.get(path).status_code in (204, 400)
    assert is_free(user)


def test_a_lake_that_fails_half_way_cuts_the_connection(user, serving, members_portal, tmp_path):
    logged = members_portal.home.log("ckan").stat().st_size
    answer = user.get("csv", stream=True)
    assert answer.status_code == 200
    received = tmp_path / "cut.zip"

    with (
        received.open("wb") as file,
        pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)),
    ):
        file.writelines(answer.iter_content(1 << 16))

    assert received.stat().st_size > MEGABYTE
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(received)
    assert refused_by_unzip(received)
    assert eventually(lambda: "date=2022-06-23" in logged_since(members_portal, logged))
    content = received.read_bytes()
    assert b"date=2022" not in content
    assert b"Traceback" not in content
    assert eventually(lambda: not serving.open_lake_files())
    assert eventually(lambda: is_free(user))


def logged_since(portal: Portal, size: int) -> str:
    return portal.home.log("ckan").read_bytes()[size:].decode()


def refused_by_unzip(path: Path) -> bool:
    unzip = shutil.which("unzip")
    if not unzip:  # then Info-ZIP is not there to be asked
        return True
    return subprocess.run([unzip, "-t", path], capture_output=True).returncode != 0


def test_many_rows_are_all_there(user, serving, large_lake):
    days = {"date_from": "2022-06-21", "date_to": "2022-06-21"}
    archive = user.get("csv", params=days).content

    assert member(archive, ".csv").count(b"\r\n") == ROWS_PER_DAY + 1


def test_exports_side_by_side_are_all_right(api, demo_lake):
    kinds = ["sensor", "light", "switch", "binary_sensor"]

    def export(kind: str) -> bytes:
        return api.get("dataset", params={"formats": "csv,json", "types": kind}).content

    alone = [unpack(export(kind)) for kind in kinds]
    with ThreadPoolExecutor(4) as pool:
        together = [unpack(content) for content in pool.map(export, kinds)]

    for kind, one, other in zip(kinds, alone, together, strict=True):
        names = [name for name in one if name.startswith("smart-homes_") and "meta" not in name]
        assert len(names) == 2
        for name in names:
            assert one[name] == other[name]
        assert len(json.loads(other[names[1]])) == count(demo_lake, f"type = '{kind}'")["rows"]
