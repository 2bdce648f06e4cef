"""A clear problem and nothing half-done, whatever is asked."""

from urllib.parse import quote

import pytest

from tests.api.http import FORMATS, exchange, expect_problem, request_line, status_of

INJECTIONS = {
    "sql": "sensor' OR '1'='1",
    "statement": "sensor'); DROP TABLE observations; --",
    "path": "../../../../etc/passwd",
    "nothing": "\x00",
    "header": "sensor\r\nX-Injected: yes\r\n\r\n<script>",
    "template": "{{7*7}}${7*7}%(x)s",
    "glob": "*/*.parquet",
    "emoji": "🏠" * 50,
    "bidi": "\u202ecsv",
}
PARAMETERS = ("date_from", "date_to", "types", "units", "formats")


@pytest.mark.parametrize("name", ["date_from", "date_to"])
@pytest.mark.parametrize(
    "value", ["2022-02-30", "2022-6-1", "20220601", "yesterday", "٢٠٢٢-٠٦-٠١", "2022-06-01\n"]
)
@pytest.mark.parametrize("path", ["csv", "dataset?formats=json"])
def test_what_is_no_day_is_a_bad_date(api, path, name, value):
    found = expect_problem(api.get(path, params={name: value}), 400, "Bad date format")

    assert (found["parameter"], found["value"]) == (name, value)
    assert name in found["detail"]
    assert "yyyy-mm-dd" in found["detail"]


def test_a_bad_date_is_repeated_for_the_person_who_asked(api):
    assert "2022-02-30" in api.get("csv?date_from=2022-02-30").json()["detail"]


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        ("pdf", "format", "pdf"),
        ("csv;drop", "format", "csv;drop"),
        ("%00", "format", "\x00"),
        ("csv%00", "format", "csv\x00"),
        ("%20csv", "format", " csv"),
        ("dataset?formats=csv,pdf", "formats", "pdf"),
        ("dataset?formats=..%2f..%2fetc%2fpasswd", "formats", "../../etc/passwd"),
        ("dataset?formats=%00", "formats", "\x00"),
        ("dataset?formats=csv%3bdrop", "formats", "csv;drop"),
    ],
)
def test_an_unsupported_format_is_named_with_those_that_are(api, path, parameter, value):
    found = expect_problem(api.get(path), 400, "Unsupported exportation format")

    assert (found["parameter"], found["value"]) == (parameter, value)
    assert found["accepted"] == FORMATS
    assert ", ".join(FORMATS) in found["detail"]


@pytest.mark.parametrize("target", ["..%2f", "..%2f..%2fetc%2fpasswd", "..%5cetc", "%2e%2e/csv"])
def test_a_path_leads_nowhere_else(portal, target):
    answer = exchange(portal.url, request_line(f"/api/export/{target}"))

    assert status_of(answer) in (400, 404)
    assert b"root:" not in answer


def test_a_very_long_format_is_not_repeated_in_full(api):
    found = expect_problem(api.get("x" * 5000), 400, "Unsupported exportation format")

    assert len(found["value"]) < 200
    assert len(found["detail"]) < 300


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("dataset", "formats"),
        ("dataset?formats=", "formats"),
        ("dataset?formats=,,", "formats"),
        ("csv?formats=csv", "formats"),
        ("csv?type=sensor", "type"),
        ("csv?Types=sensor", "Types"),
        ("dataset?formats=csv&date-from=2022-01-01", "date-from"),
        ("csv?date_from=2016-01-11&date_from=2016-01-12", "date_from"),
        ("csv?date_to=2016-01-11&date_to=2016-01-11", "date_to"),
        ("csv?date_from=2016-01-12&date_to=2016-01-11", "date_from"),
        ("csv?%00=1", "\x00"),
        ("csv?=1", ""),
    ],
)
def test_other_bad_parameters_are_named(api, path, parameter):
    found = expect_problem(api.get(path), 400)

    assert found["parameter"] == parameter
    assert parameter in found["detail"] or parameter == "\x00"


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS)
@pytest.mark.parametrize("path", ["csv", "dataset"])
def test_no_injection_does_anything(portal, path, name, value):
    required = "&formats=csv" if path == "dataset" and name != "formats" else ""
    target = f"/api/export/{path}?{name}={quote(value)}{required}"

    answer = exchange(portal.url, request_line(target))

    assert status_of(answer) in (204, 400)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"x-injected" not in head.lower()
    assert b"<script>" not in head
    assert status_of(answer) == 204 or b"application/problem+json" in head
    assert b"Traceback" not in body


@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS)
def test_no_injection_in_a_name_does_anything(portal, value):
    for target in (f"csv?{quote(value)}=1", f"x{quote(value, safe='')}"):
        answer = exchange(portal.url, request_line(f"/api/export/{target}"))

        assert status_of(answer) in (308, 400, 404)  # 308: where slashes are doubled
        assert status_of(answer) == 308 or b"application/problem+json" in answer, target
        assert b"x-injected" not in answer.partition(b"\r\n\r\n")[0].lower()


def test_broken_utf8_is_no_failure(portal):
    for target in (
        "csv?units=%ff%fe",
        "csv?types=%ed%a0%80",
        "csv?date_from=%ff",
        "%ff",
        "csv?%ff=1",
    ):
        answer = exchange(portal.url, request_line(f"/api/export/{target}"))

        assert status_of(answer) in (204, 400)


def test_hundreds_of_units_are_filters_like_one(api):
    units = [f"unit{number}" for number in range(500)]

    assert api.get("csv", params={"units": ",".join(units)}).status_code == 204
    found = api.get("csv", params={"units": [*units, "W"], "date_to": "2016-01-11"})
    assert found.status_code == 200


@pytest.mark.parametrize("length", [4000, 8000])
def test_a_long_request_line_is_answered(api, length):
    units = ",".join(["u" * 99] * (length // 100))

    assert api.get(f"csv?units={units}").status_code == 204


@pytest.mark.parametrize("length", [8_300, 20_000, 1_000_000])
def test_a_request_line_beyond_the_servers_limit_is_refused(portal, api, length):
    answer = exchange(portal.url, request_line(f"/api/export/csv?units={'u' * length}"))

    assert answer == b"" or 400 <= status_of(answer) < 500
    assert api.get("formats").status_code == 200


@pytest.mark.parametrize(
    "request_", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET /api/export/csv HTTP/9\r\n\r\n"]
)
def test_what_is_no_http_leaves_the_portal_up(portal, api, request_):
    answer = exchange(portal.url, request_)

    assert answer == b"" or 400 <= status_of(answer) <= 505
    assert api.get("formats").status_code == 200
