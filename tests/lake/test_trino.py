"""What is special to lakes behind Trino, on a real server."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from ckanext.export.errors import ExportError, LakeUnavailable, Misconfigured
from ckanext.export.export import Export
from ckanext.export.lake import open_lake
from ckanext.export.query import Query
from tests.builders import NOON, in_every_home, members, observation, order, some_rows
from tests.trino_server import (
    MARKS,
    ROW_BY_ROW,
    add_to_iceberg,
    hive_table,
    iceberg_table,
    trino_server,
    view,
)

pytestmark = list(MARKS)

# A row of a view, whose columns may have any type; `{}` replaces one of them.
PLAIN = {
    "home": "'villa-anna'",
    "entity_id": "'sensor.hall'",
    "type": "'sensor'",
    "state": "'21.5'",
    "unit": "'°C'",
    "last_changed": "TIMESTAMP '2022-06-20 12:00:00.000000 UTC'",
    "last_updated": "TIMESTAMP '2022-06-20 12:00:00.000000 UTC'",
    "attributes": "'{}'",
}


_TASKS = "system.runtime.tasks JOIN system.runtime.queries USING (query_id)"


@pytest.fixture(scope="module")
def server():
    return trino_server()


@pytest.fixture(autouse=True)
def own_certificates(monkeypatch):
    """With these, requests would not look at the certificates that it is told to trust."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def lake_of(values, **options):
    words = ", ".join(f"{value} AS {name}" for name, value in (PLAIN | values).items() if value)
    return open_lake(trino_server().url("iceberg"), table=view(words), **options)


def read(lake, query=Query()):  # noqa: B008 - frozen
    with lake.scan(query) as scan:
        return [row for batch in scan.batches() for row in batch.to_pylist()]


def query_states(source):
    """The states of the server's queries that mention something, as the server has them."""
    queries = trino_server().ask("SELECT query, state, error_code FROM system.runtime.queries")
    return [(state, code) for query, state, code in queries if f'FROM "lake"."{source}"' in query]


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("TIMESTAMP '2022-06-20 11:46:04'", "2022-06-20 11:46:04+00:00"),
        ("TIMESTAMP '2022-06-20 11:46:04.5'", "2022-06-20 11:46:04.500000+00:00"),
        ("TIMESTAMP '2022-06-20 11:46:04.198'", "2022-06-20 11:46:04.198000+00:00"),
        ("TIMESTAMP '2022-06-20 11:46:04.198578'", "2022-06-20 11:46:04.198578+00:00"),
        ("TIMESTAMP '2022-06-20 11:46:04.198578999'", "2022-06-20 11:46:04.198578+00:00"),
        ("TIMESTAMP '2022-06-20 23:59:59.999999999999'", "2022-06-20 23:59:59.999999+00:00"),
        ("TIMESTAMP '2022-06-20 11:46:04 UTC'", "2022-06-20 11:46:04+00:00"),
        ("TIMESTAMP '2022-06-20 12:46:04.198578 +01:00'", "2022-06-20 11:46:04.198578+00:00"),
        (
            "TIMESTAMP '2022-06-20 12:46:04.198578999 Europe/London'",
            "2022-06-20 11:46:04.198578+00:00",
        ),
        (
            "TIMESTAMP '2022-06-19 19:59:59.999999999999 -04:00'",
            "2022-06-19 23:59:59.999999+00:00",
        ),
        (
            "TIMESTAMP '1969-12-31 23:59:59.999999 America/New_York'",
            "1970-01-01 04:59:59.999999+00:00",
        ),
        ("TIMESTAMP '0001-01-02 00:00:00.000001 UTC'", "0001-01-02 00:00:00.000001+00:00"),
        ("TIMESTAMP '9998-12-31 23:59:59.999999'", "9998-12-31 23:59:59.999999+00:00"),
        ("DATE '2022-06-20'", "2022-06-20 00:00:00+00:00"),
        ("'2022-06-20T12:46:04.198578+01:00'", "2022-06-20 11:46:04.198578+00:00"),
    ],
)
def test_times_of_every_precision_and_zone_are_utc_to_the_microsecond(stored, expected):
    lake = lake_of({"last_updated": stored})
    day = datetime.fromisoformat(expected).date()

    assert [str(row["last_updated"]) for row in read(lake)] == [expected]
    assert len(read(lake, Query(day, day))) == 1
    assert read(lake, Query(date_from=day + timedelta(days=1))) == []
    assert read(lake, Query(date_to=day - timedelta(days=1))) == []


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("""JSON '{"unit": "°C", "on": true}'""", {"unit": "°C", "on": True}),
        ("MAP(ARRAY['unit', 'icon'], ARRAY['°C', NULL])", {"unit": "°C", "icon": None}),
        ("CAST(ROW('°C', 2) AS ROW(unit varchar, digits integer))", {"unit": "°C", "digits": 2}),
        ("""CAST('{"unit": "°C"}' AS char(40))""", {"unit": "°C"}),
        ("""to_utf8('{"unit": "°C"}')""", {"unit": "°C"}),
    ],
)
def test_attributes_of_every_type_are_json_text(stored, expected):
    (row,) = read(lake_of({"attributes": stored}))

    assert json.loads(row["attributes"]) == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("DOUBLE '21.5'", "21.5"),
        ("REAL '-0.5'", "-0.5"),
        ("DECIMAL '21.50'", "21.50"),
        ("BIGINT '9007199254740993'", "9007199254740993"),
        ("true", "true"),
        ("CAST(NULL AS double)", None),
        ("UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "12151fd2-7586-11e9-8f9e-2a86e4085a59"),
    ],
)
def test_states_of_every_type_are_text(stored, expected):
    (row,) = read(lake_of({"state": stored}))

    assert row["state"] == expected


def test_type_and_unit_are_derived_where_the_lake_has_none():
    attributes = """'{"unit_of_measurement": "°C"}'"""
    lake = lake_of({"type": None, "unit": None, "attributes": attributes})

    (row,) = read(lake, Query(types=("sensor",), units=("°C",)))
    assert (row["type"], row["unit"]) == ("sensor", "°C")
    assert read(lake, Query(types=("light",))) == []
    assert lake.inspect().facts["derived columns"] == "type, unit"


def test_own_names_of_columns_may_be_any():
    lake = lake_of({"home": None, '"a ""b"": $1"': "'x'"}, columns={"home": 'a "b": $1'})

    assert [row["home"] for row in read(lake)] == ["x"]


def test_every_pass_reads_the_snapshot_that_the_export_names(server):
    name = iceberg_table(some_rows(10))
    snapshot = server.ask(f'TABLE iceberg.lake."{name}$refs"')[0][2]

    with open_lake(server.url("iceberg"), table=name).scan(Query()) as scan:
        first = sum(batch.num_rows for batch in scan.batches())
        add_to_iceberg(name, some_rows(7))
        again = sum(batch.num_rows for batch in scan.batches())

    assert scan.version == str(snapshot)
    assert (first, again) == (10, 10)
    assert len(read(open_lake(server.url("iceberg"), table=name))) == 17


def test_an_export_names_the_snapshot_and_says_that_it_has_no_order(server):
    name = iceberg_table(in_every_home(*some_rows(20)))
    running = Export(open_lake(server.url("iceberg"), table=name), order("csv", "json"))
    whole = members(b"".join(running))
    running.close()

    told = json.loads(whole["manifest.json"])
    assert told["lake_version"] == str(server.ask(f'TABLE iceberg.lake."{name}$refs"')[0][2])
    assert (told["ordered"], told["rows"]) == (False, 80)


def test_a_hive_table_has_no_version(server):
    with open_lake(server.url("hive"), table=hive_table(some_rows(3))).scan(Query()) as scan:
        assert scan.version is None


def test_a_table_is_found_in_another_schema_whatever_its_case(server):
    name = iceberg_table(some_rows(3))
    url = server.url("iceberg", schema="information_schema")

    assert len(read(open_lake(url, table=f"Lake.{name.upper()}"))) == 3


def many_rows(number):
    return [
        observation(state=f"{n} {hashlib.sha256(str(n).encode()).hexdigest()}")
        for n in range(number)
    ]


@pytest.fixture(scope="module")
def large(server):
    """A table whose answer is far more than a cluster makes ahead of who reads it."""
    name = iceberg_table(many_rows(200_000))
    many = " UNION ALL ".join([f"(TABLE iceberg.lake.{name})"] * 20)
    server.ask(f"CREATE VIEW iceberg.lake.{name}_often AS {many}")
    return f"{name}_often"


def ended(name):
    """How the queries of a table end, which they have to within some seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        states = query_states(name)
        if all(state in ("FINISHED", "FAILED") for state, _ in states):
            break
        time.sleep(0.2)
    return query_states(name)


@pytest.mark.parametrize("how", ["cancel", "stop reading"])
def test_the_cluster_ends_a_query_whose_answer_nobody_wants(server, large, how):
    source = f"{large}_{how.replace(' ', '_')}"
    server.ask(f"CREATE VIEW iceberg.lake.{source} AS TABLE iceberg.lake.{large}")
    with open_lake(server.url("iceberg"), table=source).scan(Query()) as scan:
        batches = iter(scan.batches())
        next(batches)
        assert ("RUNNING", None) in query_states(source)
        if how == "cancel":
            scan.cancel()
            with pytest.raises(LakeUnavailable, match="ended"):
                list(batches)
        else:
            del batches
        assert ("FAILED", "USER_CANCELED") in ended(source)


def test_a_scan_leaves_no_tables_and_views_behind(server):
    name = iceberg_table(some_rows(5))
    before = server.ask("SHOW TABLES FROM iceberg.lake")

    read(open_lake(server.url("iceberg"), table=name))

    assert server.ask("SHOW TABLES FROM iceberg.lake") == before


def test_only_the_files_of_the_days_asked_for_are_read(server):
    rows = [observation(last_updated=NOON + timedelta(days=day)) for day in range(40)]
    name = iceberg_table(rows[:20])
    for day in (20, 30):
        add_to_iceberg(name, rows[day : day + 10])
    lake = open_lake(server.url("iceberg"), table=name)

    assert len(read(lake, Query(date_from=(NOON + timedelta(days=35)).date()))) == 5

    tasks = server.ask(f"SELECT raw_input_rows, query FROM {_TASKS}")  # noqa: S608
    assert sum(rows for rows, query in tasks if name in query and "TIMESTAMP" in query) == 10


def test_without_spooling_the_rows_come_one_by_one(server):
    name = iceberg_table(some_rows(100))
    lake = open_lake(server.url("iceberg") + ROW_BY_ROW, table=name)

    assert sorted(read(lake), key=lambda row: row["last_updated"]) == some_rows(100)
    assert "row by row" in lake.inspect().facts["fetched"]


def test_inspecting_tells_what_is_there_and_no_secret(server):
    name = iceberg_table(some_rows(60))
    secrets = "?http_headers=" + quote('{"X-Key": "s3cret"}')

    found = open_lake(server.url("iceberg") + secrets, table=name).inspect()

    assert found.facts["kind"] == "Trino 476"
    assert found.facts["fetched"] == "in spooled segments"
    assert found.facts["version"].isdecimal()
    assert "last_updated timestamp(6) with time zone" in found.facts["columns"]
    assert "s3cret" not in repr(found)


def test_inspecting_names_the_columns_that_are_missing():
    assert lake_of({"state": None}).inspect().problems[0].endswith("has no column 'state'")


def told(url, table="observations"):
    with pytest.raises(ExportError) as caught, open_lake(url, table=table).scan(Query()) as scan:
        list(scan.batches())
    assert isinstance(caught.value, LakeUnavailable | Misconfigured)
    assert "\n" not in caught.value.explain()
    return caught.value


@pytest.mark.parametrize(
    ("catalog", "schema", "words"),
    [
        ("nowhere", "lake", "CATALOG_NOT_FOUND"),
        ("iceberg", "nowhere", "no table or view nowhere.observations in iceberg"),
        ("iceberg", "lake", "no table or view lake.observations in iceberg"),
    ],
)
def test_a_wrong_place_is_told(server, catalog, schema, words):
    assert words in told(server.url(catalog, schema)).explain()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid:8080"])
def test_a_server_that_is_not_there_is_told_soon(host):
    begun = time.monotonic()

    assert "s3cret" not in told(f"trino://u:s3cret@{host}/iceberg/lake").explain()
    assert time.monotonic() - begun < 20


def test_a_password_never_goes_over_a_connection_that_all_can_read(server):
    error = told(f"trino://u:s3cret@127.0.0.1:{server.port}/iceberg/lake")

    assert "SSL" in error.explain()
    assert "s3cret" not in error.explain()


def tls(server, who, extra=""):
    verify = quote(json.dumps(str(server.certificate)))
    return f"trino://{who}127.0.0.1:{server.tls_port}/iceberg/lake?verify={verify}{extra}"


def token(key, user):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"sub": user, "exp": int(datetime.now(UTC).timestamp()) + 600}
    words = ".".join(part(json.dumps(d).encode()) for d in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{words}.{part(hmac.digest(key, words.encode(), 'sha256'))}"


def test_a_password_or_a_token_opens_the_lake_over_https(server):
    from portal_stack.trino_server import PASSWORD, USER

    name = iceberg_table(some_rows(40))
    by_password = tls(server, f"{USER}:{quote(PASSWORD)}@")
    by_token = tls(server, f"{USER}@", f"&access_token={token(server.token_key(), USER)}")

    for url in (by_password, by_token):
        lake = open_lake(url, table=name)
        assert len(read(lake)) == 40
        assert PASSWORD not in repr(lake.inspect())
        assert "access_token" not in repr(lake.inspect())


@pytest.mark.parametrize("extra", ["", "&access_token=s3cret.s3cret.s3cret"])
def test_wrong_credentials_are_told_without_them(server, extra):
    error = told(tls(server, "portal:s3cret@", extra))

    assert isinstance(error, LakeUnavailable)
    assert "401" in error.explain()
    assert "s3cret" not in error.explain()


def test_a_certificate_that_nobody_vouches_for_is_refused(server):
    url = f"trino://portal:s3cret@127.0.0.1:{server.tls_port}/iceberg/lake"

    assert "s3cret" not in told(url).explain()
