"""A lake in a real PostgreSQL whose time zone and date style are odd ones."""

import gc
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.export import Export
from ckanext.export.lake import open_lake
from ckanext.export.lake.postgresql_transaction import Transaction
from ckanext.export.observations import COLUMNS
from ckanext.export.query import Query
from tests.builders import NOON, eventually, observation, order, policy, some_rows
from tests.postgresql import READER, add, new_table, run, server, sessions

PATIENCE = 10


def lake(table, url=None, **columns):
    return open_lake(url or server(), columns, table)


def read(scan, *columns):
    return [row for batch in scan.batches(*columns) for row in batch.to_pylist()]


def rows_of(table, query=Query(), **given):  # noqa: B008 - frozen
    with lake(table, **given).scan(query) as scan:
        return read(scan)


def values(table, name, query=Query()):  # noqa: B008 - frozen
    return {row[name] for row in rows_of(table, query)}


@pytest.fixture(scope="module")
def large():
    """About 80 MB."""
    table = new_table([observation()])
    run(
        f"INSERT INTO {table} SELECT home, entity_id, type, n::text, unit, last_changed,"  # noqa: S608
        f" last_updated, attributes FROM {table}, generate_series(1, 400000) n; ANALYZE {table}"
    )
    return table


def test_few_rows_are_sorted_by_time_home_and_entity():
    rows = some_rows()
    with lake(new_table(rows[::-1])).scan(Query()) as scan:
        assert scan.ordered
        assert read(scan) == sorted(rows, key=lambda row: row["last_updated"])


def test_ties_of_time_home_and_entity_are_sorted_too():
    rows = [observation(state=str(n % 50), attributes=f"{n}") for n in range(1000)]

    assert rows_of(new_table(rows)) == rows_of(new_table(rows[::-1]))


def test_many_rows_come_as_they_are_stored_and_say_so(large):
    with lake(large).scan(Query()) as scan:
        assert not scan.ordered
        states = [row["state"] for row in read(scan, ("state",))]
    assert states == ["21.5", *map(str, range(1, 400_001))]


def test_a_large_table_is_read_by_two_connections_and_in_the_order_of_its_rows(large):
    with lake(large).scan(Query()) as scan:
        batches = scan.batches()
        first = next(batches)
        assert sessions("query LIKE '%ctid%'") == 2
        states = [state for batch in (first, *batches) for state in batch["state"].to_pylist()]
    assert states == ["21.5", *map(str, range(1, 400_001))]


def test_both_connections_see_the_same_rows():
    table = new_table(some_rows(5))
    count = f"SELECT count(*)::text FROM {table}"  # noqa: S608  the test's own words
    with closing(Transaction(server())) as first:
        add(table, some_rows(5))
        with closing(Transaction(server(), first.share())) as second:
            assert second.row(count) == first.row(count) == ("5",)
            assert second.sees == first.sees


def test_a_table_that_somebody_waits_to_alter_is_read_by_one_connection(large):
    """Two would wait for each other, by way of whoever waits."""
    patient = f"{server()}&options=-c%20lock_timeout%3D{PATIENCE}s"
    with lake(large, patient).scan(Query()) as scan:
        altering = threading.Thread(target=alter, args=[large])
        altering.start()
        assert eventually(lambda: run("SELECT 1 FROM pg_locks WHERE NOT granted"), PATIENCE)
        assert sum(batch.num_rows for batch in scan.batches()) == 400_001
    altering.join(PATIENCE)
    assert not altering.is_alive()


def alter(table):
    run(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; COMMIT")


@pytest.mark.parametrize("columns", [(), (("home", "entity_id", "type"),)], ids=["all", "some"])
def test_a_pass_that_is_left_early_leaves_the_rows_to_the_next_one(large, columns):
    with lake(large).scan(Query()) as scan:
        batches = scan.batches(*columns)
        next(batches)
        batches.close()
        assert "export-ahead" not in {thread.name for thread in threading.enumerate()}
        assert sessions() == sessions("state = 'idle in transaction'")
        assert len(read(scan, ("home",))) == 400_001
        assert sum(batch.num_rows for batch in scan.batches()) == 400_001


def test_one_connection_does_where_a_user_may_have_no_more(reader, large):
    url, _ = reader
    schema = large.partition(".")[0]
    run(f'GRANT USAGE ON SCHEMA {schema} TO "{READER}"; GRANT SELECT ON {large} TO "{READER}"')
    run(f'ALTER ROLE "{READER}" CONNECTION LIMIT 1')
    with lake(large, url).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 400_001
        assert sessions() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW {new} AS SELECT * FROM {table}",
        "CREATE TABLE {new} (LIKE {table}) PARTITION BY LIST (type);"
        "CREATE TABLE {new}_rest PARTITION OF {new} DEFAULT;"
        "INSERT INTO {new} SELECT * FROM {table}",
    ],
    ids=["view", "partitioned"],
)
def test_what_has_no_blocks_of_its_own_is_read_by_one_connection(large, statement):
    new = f"{large.partition('.')[0]}.other_{statement.split()[1].lower()}"
    run(statement.format(new=new, table=large))
    with lake(new).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 400_001
        assert sessions() == 1


def test_every_pass_sees_what_the_first_one_saw():
    table = new_table(some_rows(10))

    with lake(table).scan(Query()) as scan:
        add(table, [observation(state="later")])  # before the first pass, after the scan began
        first = read(scan)
        run(f"DELETE FROM {table}")  # noqa: S608
        assert read(scan) == first
        assert len(first) == 10


def test_the_version_is_the_time_and_the_snapshot():
    with lake(new_table(some_rows(5))).scan(Query()) as scan:
        told, _, snapshot = scan.version.partition(", snapshot ")

    age = datetime.now(UTC) - datetime.strptime(told, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(age) < timedelta(minutes=1)
    assert run("SELECT pg_current_snapshot()::text") == [(snapshot,)]


def test_a_scan_only_reads():
    table = new_table(some_rows(5))
    with lake(table).scan(Query()):
        found = run("SELECT state FROM pg_stat_activity WHERE application_name = 'ckanext-export'")
        locks = run("SELECT mode FROM pg_locks WHERE relation = %s::regclass", f"{table}")

    assert found == [("idle in transaction",)]
    assert {mode for (mode,) in locks} <= {"AccessShareLock"}


@pytest.mark.parametrize("text", ["%", "%%", "\\", "\\'", "'", ":x", "%(x)s", "{", "°C"])
def test_a_filter_finds_the_text_that_it_says(text):
    others = ["%", "%%", "\\", "\\\\", "'", "''", ":x", "%(x)s", "{", "W"]
    table = new_table([observation(unit=unit, type=unit) for unit in {*others, text}])

    assert values(table, "unit", Query(units=(text,))) == {text}
    assert values(table, "type", Query(types=(text,))) == {text}


def test_units_are_selected_by_the_server_in_all_compatible_forms():
    table = new_table([observation(unit=unit) for unit in ("°C", "℃", "W", None)])

    assert values(table, "unit", Query(units=("°C",))) == {"°C", "℃"}


@pytest.mark.parametrize("kind", ["jsonb", "json", "text", "varchar"])
def test_attributes_are_their_json_text(kind):
    [row] = rows_of(new_table([observation()], attributes=kind))

    plain = row["attributes"].replace(": ", ":").replace(", ", ",")
    assert plain == observation()["attributes"]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "text", "varchar(40)"])
def test_times_are_utc_however_they_are_stored(kind):
    begin = NOON.replace(hour=0)
    end = begin + timedelta(days=1) - timedelta(microseconds=1)
    near = [begin, end, begin - timedelta(microseconds=1), begin + timedelta(days=1)]
    rows = [observation(last_updated=time, last_changed=time) for time in near]
    if kind == "timestamp":
        rows = [row | {"last_updated": row["last_updated"].replace(tzinfo=None)} for row in rows]
    table = new_table(rows, last_updated=kind)

    assert values(table, "last_updated") == set(near)
    assert values(table, "last_updated", Query(begin.date(), begin.date())) == {begin, end}


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2022-06-20T13:46:04.198578+02:00", 11),
        ("2022-06-20T11:46:04.198578Z", 11),
        ("2022-06-20 11:46:04.198578", 11),  # no zone is UTC
    ],
)
def test_times_in_texts_may_have_a_zone(text, hour):
    table = new_table([observation(last_changed=text)], last_changed="text")

    assert values(table, "last_changed") == {datetime(2022, 6, 20, hour, 46, 4, 198578, UTC)}


@pytest.mark.parametrize("option", ["-c TimeZone=America/Caracas", "-c DateStyle=SQL,DMY"])
def test_nothing_depends_on_what_a_user_has_been_set_to(option):
    rows = some_rows()
    url = f"{server()}&options={quote(option)}"

    assert rows_of(new_table(rows), url=url) == rows


@pytest.mark.parametrize("name", ["last_changed", "last_updated"])
@pytest.mark.parametrize(
    "time", ["'infinity'", "'-infinity'", "'0044-03-15 BC'", "make_timestamptz(10000,1,2,0,0,0)"]
)
def test_a_time_that_no_format_can_write_is_told(name, time):
    table = new_table([observation()])
    run(f"UPDATE {table} SET {name} = {time}")  # noqa: S608

    with pytest.raises(LakeUnavailable, match="no date of the years 1 to 9999"):
        rows_of(table)


def test_a_text_that_is_no_time_is_told():
    table = new_table([observation(last_updated="soon")], last_updated="text")

    with pytest.raises(LakeUnavailable) as caught:
        rows_of(table)
    assert "invalid input syntax" in caught.value.inside


@pytest.mark.parametrize(
    ("kind", "stored", "text"),
    [
        ("numeric", "1.50", "1.50"),
        ("boolean", "t", "true"),
        ("integer", "-7", "-7"),
        ("double precision", "21.5", "21.5"),
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("date", "2022-06-20", "2022-06-20"),
        ("text[]", "{a,b}", "{a,b}"),
    ],
)
def test_what_is_no_text_becomes_one(kind, stored, text):
    table = new_table([observation(home=stored, state=stored)], home=kind, state=kind)

    assert values(table, "home") == values(table, "state") == {text}


def test_an_enumeration_is_selected_by_its_text():
    run("DROP TYPE IF EXISTS producer; CREATE TYPE producer AS ENUM ('sensor', 'light')")
    rows = [observation(type=kind) for kind in ("sensor", "light")]
    table = new_table(rows, type="producer")

    assert values(table, "type", Query(types=("light", "toaster"))) == {"light"}


@pytest.mark.parametrize("name", ["Observations 2022", "select", "100% of: x", "été", "a'b"])
def test_names_may_be_odd(name):
    assert rows_of(new_table(some_rows(5), name)) == some_rows(5)


def test_a_name_with_a_dot_is_quoted():
    schema, _, _ = new_table(some_rows(5), "a.b").partition(".")

    assert rows_of(f'{schema}."a.b"') == some_rows(5)


def test_a_view_with_columns_of_other_names_is_a_lake():
    view = f"{new_table(some_rows(5))}_view"
    run(
        f'CREATE VIEW {view} AS SELECT home AS "House %", entity_id AS "user",'  # noqa: S608
        f" state, last_changed, last_updated, attributes FROM {view.removesuffix('_view')}"
    )
    renamed = {"home": "House %", "entity_id": "user"}

    found = rows_of(view, **renamed)

    assert [row["home"] for row in found] == [row["home"] for row in some_rows(5)]
    assert {row["type"] for row in found} == {"sensor", "light", "climate"}


def test_a_missing_column_is_named():
    table = new_table(some_rows(1))
    run(f"ALTER TABLE {table} DROP COLUMN home")

    with pytest.raises(LakeUnavailable, match="lacks the column 'home'"):
        rows_of(table)
    assert lake(table).inspect().problems == [f"{table} has no column 'home'"]


@pytest.mark.parametrize("table", ["nowhere", "no_schema.observations"])
def test_a_missing_table_is_named_to_the_administrator(table):
    with pytest.raises(LakeUnavailable, match="lacks its table") as caught:
        rows_of(table)
    assert table in caught.value.inside


def test_inspecting_says_which_index_to_create():
    table = new_table(some_rows(5))
    missing = lake(table).inspect().facts["index on last_updated"]
    statement, _, _ = missing.removeprefix("missing: ").partition(" makes")
    run(statement)

    assert lake(table).inspect().facts["index on last_updated"].startswith("test_")
    assert lake(table).inspect().facts["rows"] == "5"


PASSWORD = "p@ss/w:rd?%#'é &x"  # noqa: S105


@pytest.fixture
def reader():
    """A URL with a password of signs that have to be quoted, and the right to read only."""
    url = make_url(server()).set(username=READER, password=PASSWORD)
    name, table = f'"{READER}"', new_table(some_rows(5))
    schema = table.partition(".")[0]
    run(f"CREATE ROLE {name} LOGIN")
    run(f"ALTER ROLE {name} PASSWORD %s", PASSWORD)
    run(f"GRANT USAGE ON SCHEMA {schema} TO {name}; GRANT SELECT ON {table} TO {name}")
    yield url.render_as_string(hide_password=False), table
    run(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_a_url_is_read_as_sqlalchemy_writes_it(reader, scheme):
    url, table = reader
    url = f"{url}&sslmode=disable&connect_timeout=3".replace("postgresql", scheme, 1)

    assert rows_of(table, url=url) == some_rows(5)
    assert PASSWORD not in str(lake(table, url).inspect())


def test_a_wrong_password_is_refused_and_not_repeated(reader):
    url, table = reader
    url = make_url(url).set(password="wrong-secret").render_as_string(hide_password=False)  # noqa: S106

    with pytest.raises(LakeUnavailable, match="cannot be read") as caught:
        rows_of(table, url=url)
    assert "password authentication failed" in caught.value.inside
    assert "wrong-secret" not in caught.value.inside


def test_a_parameter_of_the_url_reaches_the_server():
    with lake(new_table([]), f"{server()}&application_name=mine").scan(Query()):
        assert run("SELECT 1 FROM pg_stat_activity WHERE application_name = 'mine'")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@127.0.0.1:1/lake",
        "postgresql://u:secret@/lake?host=/nowhere",
        "postgresql://u:x@secret/y@localhost/lake",
        "postgresql://u:x@secret@localhost/lake",
        "postgresql://u:secret@localhost:port/lake",
        "postgresql://u:secret@/lake?nothing=5",
        "postgresql://u@/lake?password=secret&host=/nowhere",
    ],
)
def test_a_password_is_in_no_error(url):
    with pytest.raises((LakeUnavailable, Misconfigured)) as caught:
        open_lake(url).scan(Query())
    assert "secret" not in caught.value.explain()


def test_a_cancelled_pass_ends_on_the_server_before_the_scan_is_closed(large):
    with lake(large).scan(Query()) as scan:
        batches = scan.batches()
        next(batches)
        assert sessions() == 2
        scan.cancel()
        with pytest.raises(LakeUnavailable):
            list(batches)
        assert eventually(lambda: sessions("state = 'active'") == 0, PATIENCE)
    assert eventually(lambda: sessions() == 0, PATIENCE)


def test_a_server_that_has_given_no_row_yet_is_stopped_too():
    table = f"{new_table(some_rows(5))}_slow"
    run(
        f"CREATE VIEW {table} AS SELECT o.* FROM {table.removesuffix('_slow')} o,"  # noqa: S608
        " pg_sleep(60) OFFSET 0"
    )
    with lake(table).scan(Query()) as scan:
        errors = []

        def take():
            try:
                next(scan.batches())
            except LakeUnavailable as error:
                errors.append(error)

        thread = threading.Thread(target=take)
        thread.start()
        assert eventually(lambda: sessions("wait_event = 'PgSleep'") == 1, PATIENCE)
        scan.cancel()
        thread.join(PATIENCE)
        assert len(errors) == 1
    assert eventually(lambda: sessions() == 0, PATIENCE)


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_an_export_that_is_closed_leaves_no_query(taken, large):
    running = Export(lake(large), order(policy=policy(min_homes=1)))
    for _ in range(taken):
        next(running)
    running.close()

    assert eventually(lambda: sessions() == 0, PATIENCE)


def test_an_export_that_nobody_takes_leaves_no_query(large):
    running = Export(lake(large), order(policy=policy(min_homes=1)))
    assert sessions() == 2
    del running
    gc.collect()

    assert eventually(lambda: sessions() == 0, PATIENCE)


def test_a_server_that_ends_the_connection_is_an_unavailable_lake(large):
    with lake(large).scan(Query()) as scan:
        batches = scan.batches()
        next(batches)
        run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'ckanext-export'"
        )
        with pytest.raises(LakeUnavailable):
            list(batches)


def test_texts_of_a_database_in_another_encoding_are_read():
    run("DROP DATABASE IF EXISTS latin")
    run("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    url = server().replace("/postgres?", "/latin?")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        columns = [f"%s::{'timestamptz' if n.startswith('last') else 'text'} {n}" for n in COLUMNS]
        values = [observation(unit="°C", home="hütte")[name] for name in COLUMNS]
        cursor.execute(f"CREATE TABLE observations AS SELECT {', '.join(columns)}", values)
        connection.commit()

    found = rows_of("observations", Query(units=("℃",)), url=url)
    assert found == [observation(unit="°C", home="hütte")]
