"""A lake that is missing, empty, damaged or lacks a column: 503, and the reason in the log only."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ckanext.export.lake.files import FileLake
from tests.api.http import expect_problem
from tests.builders import in_every_home, some_rows, write_lake

LAKE_UNAVAILABLE = "The data lake is not available"


def expect_unavailable(administrator, folder, path="csv"):
    """Both methods answer 503, and neither shows anything of the inside."""
    for answer in (administrator.get(path), administrator.head(path)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        inside = (str(folder.parent), ".parquet", "date=", "Traceback", "pyarrow", "Errno")
        for words in inside:
            assert words not in answer.text
            assert words not in str(answer.headers)
    return expect_problem(administrator.get(path), 503, LAKE_UNAVAILABLE)


def log_of(private_portal) -> str:
    portal, _ = private_portal
    return portal.home.log("ckan").read_text()


def test_a_missing_folder(administrator, private_portal):
    portal, folder = private_portal

    found = expect_unavailable(administrator, folder.parent / "lake")

    assert "administrator" in found["detail"]
    assert str(folder) in portal.home.log("ckan").read_text()


def test_an_empty_folder(administrator, empty_lake):
    assert "empty" in expect_unavailable(administrator, empty_lake)["detail"]


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"no Parquet at all", b"PAR1" + bytes(99), b"PAR1" + bytes(99) + b"PAR1"],
    ids=["empty", "magic alone", "text", "no end", "no footer"],
)
def test_a_file_that_is_no_parquet(administrator, empty_lake, private_portal, content):
    write_lake(empty_lake, some_rows())
    broken = empty_lake / "date=2022-06-01" / "part-0.parquet"
    broken.parent.mkdir()
    broken.write_bytes(content)

    expect_unavailable(administrator, empty_lake)
    assert str(broken) in log_of(private_portal)
    assert administrator.get("csv?date_from=2022-06-20").status_code == 200


def test_a_file_that_was_cut(administrator, empty_lake):
    write_lake(empty_lake, some_rows())
    last = sorted(empty_lake.glob("*/*"))[-1]
    last.write_bytes(last.read_bytes()[:-100])

    expect_unavailable(administrator, empty_lake)


def test_a_first_file_with_damaged_pages(administrator, empty_lake):
    write_lake(empty_lake, in_every_home(*some_rows(2000)), compression="zstd")
    first = min(empty_lake.glob("*/*"))
    content = first.read_bytes()
    first.write_bytes(content[:100] + bytes(len(content) // 3) + content[100 + len(content) // 3 :])

    expect_unavailable(administrator, empty_lake)


@pytest.mark.parametrize("column", ["home", "entity_id", "state", "last_updated"])
def test_a_column_that_is_missing(administrator, empty_lake, private_portal, column):
    write_lake(empty_lake, some_rows())
    for path in empty_lake.glob("*/*"):
        pq.write_table(pq.ParquetFile(path).read().drop_columns([column]), path)

    found = expect_unavailable(administrator, empty_lake)
    log = log_of(private_portal).splitlines()
    assert "Error" not in found["detail"]
    assert repr(column) in next(line for line in reversed(log) if "No export" in line)


def test_a_lake_that_is_repaired_serves_again(administrator, empty_lake):
    expect_unavailable(administrator, empty_lake)
    write_lake(empty_lake, some_rows())
    assert administrator.get("csv").status_code == 200

    shutil.rmtree(empty_lake)

    expect_unavailable(administrator, empty_lake)


def test_an_empty_file_is_a_day_without_observations(administrator, empty_lake):
    write_lake(empty_lake, some_rows())
    empty = empty_lake / "date=2022-06-30" / "part-0.parquet"
    empty.parent.mkdir()
    pq.write_table(
        pa.Table.from_batches([], pq.read_schema(next(empty_lake.glob("*/*.parquet")))), empty
    )

    assert administrator.get("csv").status_code == 200
    assert administrator.get("csv?date_from=2022-06-30").status_code == 204


def test_the_actions_tell_a_broken_lake_without_its_path(administrator, empty_lake):
    answer = administrator.action("export_summary_show", json={})

    assert 400 <= answer.status_code < 600
    assert answer.json()["success"] is False
    assert str(empty_lake) not in answer.text


def test_why_an_action_failed_is_in_the_log(administrator, empty_lake, private_portal):
    logged = len(log_of(private_portal))

    administrator.action("export_summary_show", json={})

    assert str(empty_lake) in log_of(private_portal)[logged:]


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins")
@pytest.mark.parametrize("path", ["csv", "dataset?formats=json"])
def test_a_fault_that_nobody_foresaw_shows_nothing_of_the_inside(
    make_app, ckan_config, monkeypatch, tmp_path, caplog, path
):
    def broken(self, query):
        raise RuntimeError("reader:secret@lake.example")

    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path, some_rows()))
    monkeypatch.setattr(FileLake, "scan", broken)

    answer = make_app().get(f"/api/export/{path}")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["title"] == "Export failed"
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "reader:secret@lake.example" in caplog.text  # the administrator's, who has to find it
