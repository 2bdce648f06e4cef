"""What the Export API answers to good requests, judged by other people's readers."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from lxml import etree

from tests.api.http import (
    FORMATS,
    JSON,
    exchange,
    expect_problem,
    member,
    request_line,
    status_of,
    unpack,
)
from tests.api.lakes import count

DAY = {"date_from": "2016-01-12", "date_to": "2016-01-12"}
SAME = {"Date", "Transfer-Encoding", "Connection"}  # headers that GET alone has, or that move


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.parametrize("path", ["csv", "CSV", "jSoN", "xml", "dataset?formats=csv,json"])
def test_an_export_has_the_headers_of_the_contract(api, path):
    answer = api.get(path, params=DAY)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    name = f"smart-homes_{today()}.zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert "public" not in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers


def test_the_zip_has_the_members_of_the_contract(api):
    stem = f"smart-homes_{today()}"

    assert list(unpack(api.get("json", params=DAY).content)) == [
        f"{stem}.json",
        f"{stem}_metadata.json",
        "datapackage.json",
        "README.txt",
        "manifest.json",
    ]


def rows_of(archive: bytes, kind: str) -> list[dict[str, str | None]]:
    content = member(archive, f"{today()}.{kind}")
    if kind == "csv":
        rows = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
        return [{name: text or None for name, text in row.items()} for row in rows]
    if kind == "json":
        rows = json.loads(content)
        return [{**row, "attributes": json.dumps(row["attributes"])} for row in rows]
    return [{cell.tag: cell.text for cell in row} for row in etree.fromstring(content)]


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_every_observation_that_may_leave_is_there(api, demo_lake, kind):
    rows = rows_of(api.get(kind, params=DAY).content, kind)
    expected = count(demo_lake, "last_updated::DATE = DATE '2016-01-12'")

    assert len(rows) == expected["rows"] > 1000
    assert len({row["home"] for row in rows}) == expected["homes"] == 8
    assert {str(row["last_updated"])[:10] for row in rows} == {"2016-01-12"}
    assert {row["type"] for row in rows} == set(expected["types"])
    assert {row["unit"] or "" for row in rows} == set(expected["units"])


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        ("types=light", "type = 'light'"),
        ("types=light&types=switch", "type IN ('light', 'switch')"),
        ("types=light,switch,,&units=", "type IN ('light', 'switch')"),
        ("types=sensor&units=%C2%B0C,%25", "type = 'sensor' AND unit IN ('°C', '℃', '%')"),
        ("units=%E2%84%83", "unit IN ('°C', '℃')"),
        ("date_from=2016-01-14&date_to=&units=W", "unit = 'W' AND last_updated >= '2016-01-14'"),
        ("date_to=2016-01-11&types=sensor", "type = 'sensor' AND last_updated < '2016-01-12'"),
    ],
)
def test_filters_select_what_they_say(api, demo_lake, filters, condition):
    archive = api.get(f"csv?{filters}").content

    assert len(rows_of(archive, "csv")) == count(demo_lake, condition)["rows"] > 0
    assert json.loads(member(archive, "manifest.json"))["complete"] is True


def test_all_formats_of_one_request_hold_the_same_rows(api):
    archive = api.get("dataset?formats=xml,CSV&formats=json,csv", params=DAY).content
    columns = ("home", "entity_id", "type", "unit", "last_updated")
    kinds = [
        [tuple(row[name] for name in columns) for row in rows_of(archive, kind)]
        for kind in ("csv", "json", "xml")
    ]

    assert kinds[0] == kinds[1] == kinds[2]
    asked = json.loads(member(archive, "manifest.json"))["asked"]
    assert asked["formats"] == ["xml", "csv", "json"]


@pytest.mark.parametrize(
    "path", ["csv?date_from=2030-01-01", "json?units=nothing", "xml?types=person"]
)
def test_an_empty_dataset_is_204_without_a_body(api, path):
    for answer in (api.get(path), api.head(path)):
        assert answer.status_code == 204
        assert answer.content == b""
        assert "Content-Type" not in answer.headers
        assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "csv",
        "dataset?formats=json",
        "csv?date_from=2030-01-01",
        "csv?date_from=x",
        "pdf",
        "csv?limit=1",
        "dataset",
        "formats",
        "openapi.json",
        "ui",
        "ui/",
        "a/b",
    ],
)
def test_head_answers_as_get_without_a_body(api, path):
    got, headed = api.get(path), api.head(path)

    assert headed.status_code == got.status_code
    assert headed.content == b""
    names = set(got.headers) - SAME
    assert set(headed.headers) - SAME == names
    moving = {"Set-Cookie"}
    for name in names - moving:
        assert headed.headers[name] == got.headers[name], name


def test_formats_are_listed_as_text(api):
    for headers in ({}, {"Accept": "text/plain"}, {"Accept": "text/html,*/*;q=0.8"}):
        answer = api.get("formats", headers=headers)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.text == ", ".join(FORMATS)


def test_formats_are_described_as_json(api):
    answer = api.get("formats", headers={"Accept": JSON})

    assert answer.headers["Content-Type"] == JSON
    assert [kind["name"] for kind in answer.json()] == FORMATS
    assert answer.json()[0]["media_type"] == "text/csv"
    for kind in answer.json():
        assert set(kind) == {"name", "media_type", "extension", "description"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "FOO"])
@pytest.mark.parametrize("path", ["csv", "dataset", "formats", "openapi.json", "ui/", "nothing"])
def test_other_methods_are_refused(api, method, path):
    answer = api.ask(method, f"/api/export/{path}")

    expect_problem(answer, 405)
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", ["csv", "dataset", "formats", "openapi.json", "ui/"])
def test_options_tells_the_methods(api, path):
    answer = api.ask("OPTIONS", f"/api/export/{path}")

    assert answer.status_code in (200, 204)
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_leads_to_the_page_that_shows_everything(api, path):
    answer = api.ask("GET", f"/api/export{path}")

    assert answer.status_code in (301, 302, 307, 308)
    assert answer.headers["Location"].endswith("/api/export/ui/")
    assert api.get("ui").headers["Location"].endswith("/api/export/ui/")
    assert api.get("ui").status_code == 308


@pytest.mark.parametrize("path", ["a/b", "csv/", "openapi.json/x"])
def test_unknown_paths_are_problems(api, path):
    expect_problem(api.get(path), 404)


@pytest.mark.parametrize(
    "target", ["none.js", "../../secret", "..%2f..%2fsetup.py", "%2fetc/passwd"]
)
def test_the_pages_files_are_all_that_it_serves(portal, target):
    answer = exchange(portal.url, request_line(f"/api/export/ui/{target}"))

    assert status_of(answer) in (308, 404)
    assert b"root:" not in answer


@pytest.mark.parametrize("target", ["/csv", "%2Fcsv"])
def test_doubled_slashes_are_a_problem_too(portal, target):
    answer = exchange(portal.url, request_line(f"/api/export/{target}"))

    assert status_of(answer) in (308, 404)
    assert status_of(answer) == 308 or b"application/problem+json" in answer
