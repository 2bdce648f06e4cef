"""A lake in PostgreSQL, read through psycopg2 from the server of `./portal test`."""

import psycopg2
import psycopg2.extras
import pytest
from ckan.common import config

from ckanext.export.lake import open_lake
from ckanext.export.observations import COLUMNS
from ckanext.export.query import Query
from tests.builders import NOON, observation, some_rows

TABLE = "export_test_observations"


@pytest.fixture
def connection():
    connection = psycopg2.connect(config["sqlalchemy.url"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(
            f"CREATE TABLE {TABLE} (home text, entity_id text, type text, state text, unit text,"
            " last_changed timestamptz, last_updated timestamptz, attributes jsonb)"
        )
    yield connection
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")
    connection.close()


def fill(connection, rows) -> None:
    values = [[row[name] for name in COLUMNS] for row in rows]
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES %s"  # noqa: S608
        psycopg2.extras.execute_values(cursor, statement, values)


def read(scan) -> list[dict]:
    return [row for batch in scan.batches() for row in batch.to_pylist()]


def test_the_rows_come_whole_and_in_order(connection):
    rows = some_rows()
    fill(connection, rows)

    with open_lake(config["sqlalchemy.url"], table=TABLE).scan(Query()) as scan:
        found = read(scan)

    plain = [name for name in COLUMNS if name != "attributes"]
    expected = sorted(rows, key=lambda row: row["last_updated"])
    assert [[row[n] for n in plain] for row in found] == [
        [row[n] for n in plain] for row in expected
    ]
    assert '"friendly_name": "Kitchen"' in found[0]["attributes"]


def test_the_unit_percent_and_its_like_are_found(connection):
    fill(connection, [observation(unit=unit) for unit in ("%", "°C", "℃", "%%", None)])
    lake = open_lake(config["sqlalchemy.url"], table=TABLE)

    def units(*asked: str) -> set:
        with lake.scan(Query(units=asked)) as scan:
            return {row["unit"] for row in read(scan)}

    assert units("%") == {"%"}
    assert units("°C") == {"°C", "℃"}
    assert units("' OR 1=1 --") == set()


def test_every_pass_sees_what_the_first_one_saw(connection):
    fill(connection, some_rows(10))

    with open_lake(config["sqlalchemy.url"], table=TABLE).scan(Query()) as scan:
        first = read(scan)
        fill(connection, [observation(state="later")])
        assert read(scan) == first


def test_the_first_and_the_last_instant_of_a_day_are_in_it(connection):
    start = NOON.replace(hour=0)
    end = start.replace(hour=23, minute=59, second=59, microsecond=999_999)
    times = [start, end, start.replace(day=19, hour=23), start.replace(day=21)]
    fill(connection, [observation(last_updated=time) for time in times])
    day = start.date()

    lake = open_lake(config["sqlalchemy.url"], table=TABLE)
    with lake.scan(Query(date_from=day, date_to=day)) as scan:
        assert [row["last_updated"] for row in read(scan)] == [start, end]
