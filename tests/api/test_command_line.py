"""`ckan export …` as an administrator runs it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from tests.api.http import FORMATS, unpack
from tests.api.lakes import count
from tests.builders import some_rows, write_lake

CHECKOUT = Path(__file__).parents[2]
FILTERS = {"date_from": "2016-01-12", "date_to": "2016-01-13", "types": "sensor,light"}


def export(portal, *words: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = Path(sys.executable).with_name("ckan")
    return subprocess.run(
        [sys.executable, program, "-c", portal.ini, "export", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        timeout=120,
    )


def test_formats_and_what_each_is_good_for(portal, tmp_path):
    done = export(portal, "formats", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[-len(FORMATS) :]] == FORMATS


def test_the_summary_counts_what_an_independent_engine_counts(portal, demo_lake, tmp_path):
    options = ["--types", "sensor", "--units", "°C", "--units", "W", "--date-to", "2016-01-12"]
    done = export(portal, "summary", *options, folder=tmp_path)

    condition = "type = 'sensor' AND unit IN ('°C', '℃', 'W') AND last_updated < '2016-01-13'"
    assert json.loads(done.stdout) == count(demo_lake, condition)


def data_hashes(archive: bytes) -> dict[str, str]:
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in unpack(archive).items()
        if name.startswith("smart-homes_") and "metadata" not in name
    }


def test_write_gives_the_same_data_as_the_api(portal, api, tmp_path):
    options = ["--date-from", "2016-01-12", "--date-to", "2016-01-13", "--types", "sensor,light"]
    done = export(portal, "write", "csv", "json", "-o", "out.zip", *options, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert b"rows" in done.stderr
    assert b"MB/s" in done.stderr
    written = (tmp_path / "out.zip").read_bytes()
    sent = api.get("dataset?formats=csv,json", params=FILTERS).content
    assert data_hashes(written) == data_hashes(sent)
    assert len(data_hashes(written)) == 2
    assert list(unpack(written)) == list(unpack(sent))
    assert os.listdir(tmp_path) == ["out.zip"]
    metadata = [json.loads(unpack(archive)[_metadata(archive)]) for archive in (written, sent)]
    assert metadata[0]["resources"] == metadata[1]["resources"]


def _metadata(archive: bytes) -> str:
    return next(name for name in unpack(archive) if name.endswith("_metadata.json"))


def test_a_dash_is_the_standard_output(portal, tmp_path):
    options = ["--date-to", "2016-01-11", "--types", "light"]
    done = export(portal, "write", "xml", "-o", "-", *options, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert len(data_hashes(done.stdout)) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pdf", "-o", "x.zip"], "'pdf' is not a format"),
        (["csv", "-o", "x.zip", "--date-from", "2022-02-30"], "yyyy-mm-dd"),
        (["csv", "-o", "x.zip", "--date-from", "2030-01-01"], "No observation"),
        (["csv", "-o", "none/x.zip"], "none/x.zip"),
        (["csv"], "--output"),
    ],
)
def test_a_bad_command_is_told_in_a_sentence_and_writes_nothing(portal, tmp_path, words, says):
    done = export(portal, "write", *words, folder=tmp_path)

    assert done.returncode != 0
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_write_that_fails_half_way_leaves_no_file(members_portal, tmp_path):
    (tmp_path / "old.zip").write_text("an older one")
    done = export(members_portal, "write", "csv", "-o", "old.zip", folder=tmp_path)

    assert done.returncode != 0
    assert "date=2022-06-23" in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["old.zip"]
    assert (tmp_path / "old.zip").read_text() == "an older one"


def test_check_tells_what_is_in_the_lake(portal, demo_lake, tmp_path):
    done = export(portal, "check", folder=tmp_path)
    found = count(demo_lake)

    assert done.returncode == 0, done.stderr
    told = done.stdout.decode()
    for words in ("in order", f"{found['rows']:,}", "homes: 8", "2016-01-11 to 2016-01-16"):
        assert words in told
    for words in ("last_updated", "attributes", "person", "device_tracker", "°C"):
        assert words in told


def test_privacy_tells_what_every_rule_withholds(portal, tmp_path):
    done = export(portal, "privacy", "--seconds", "0", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    told = done.stdout.decode()
    for words in ("type person:", "key friendly_name:", "sensor.doorbell_*:", "personal"):
        assert words in told
    assert "居間" not in told  # a message of somebody


def failed_check(private_portal, folder: Path) -> str:
    portal, _ = private_portal
    done = export(portal, "check", folder=folder)
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr
    assert b"in order" not in done.stdout
    return done.stderr.decode()


def test_check_names_a_missing_column(private_portal, empty_lake, tmp_path):
    write_lake(empty_lake, some_rows())
    for path in empty_lake.glob("*/*"):
        pq.write_table(pq.ParquetFile(path).read().drop_columns(["state"]), path)

    assert "'state'" in failed_check(private_portal, tmp_path)


def test_check_names_a_damaged_file(private_portal, empty_lake, tmp_path):
    write_lake(empty_lake, some_rows())
    damaged = max(empty_lake.glob("*/*"))
    damaged.write_bytes(damaged.read_bytes()[:-50])

    assert str(damaged.relative_to(empty_lake)) in failed_check(private_portal, tmp_path)


def test_check_names_damaged_pages(members_portal, tmp_path):
    done = export(members_portal, "check", folder=tmp_path)

    assert done.returncode != 0
    assert "date=2022-06-23" in done.stderr.decode()


def test_check_names_an_empty_and_a_missing_folder(private_portal, empty_lake, tmp_path):
    assert str(empty_lake) in failed_check(private_portal, tmp_path)
    empty_lake.rmdir()
    assert str(empty_lake) in failed_check(private_portal, tmp_path)


def test_a_demo_lake_of_any_size(portal, tmp_path):
    done = export(portal, "demo-lake", "made", "--homes", "3", "--days", "2", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    found = count(tmp_path / "made")
    assert (found["homes"], len(found["days"])) == (3, 2)
    again = export(portal, "demo-lake", "made", folder=tmp_path)
    assert again.returncode != 0
    assert "not an empty folder" in again.stderr.decode()


def test_publishing_fits_a_cron_line(portal, admin, tmp_path):
    name = f"every-night-{uuid4().hex[:8]}"  # portals of the tests outlive a run
    words = ["publish", "--changed", "--dataset", name]

    first = export(portal, *words, folder=tmp_path)
    second = export(portal, *words, folder=tmp_path)

    assert first.returncode == 0, first.stderr
    assert first.stdout.decode().splitlines()[-1].startswith("2016-01: created, ")
    assert second.stdout.decode().splitlines()[-1].startswith("2016-01: unchanged, ")
    names = [r["name"] for r in admin.result("package_show", json={"id": name})["resources"]]
    assert names == ["smart-homes_2016-01.csv", "datapackage.json"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--month", "2016-13"], "yyyy-mm"),
        (["--month", "2030-01"], "No observation"),
        (["--user", "nobody"], "no user nobody"),
    ],
)
def test_what_is_not_published_is_told_in_a_sentence(portal, tmp_path, words, says):
    done = export(portal, "publish", *words, folder=tmp_path)

    assert done.returncode == 1
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_tidying_up(portal, tmp_path):
    done = export(portal, "tidy", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[-1].endswith("deleted")
