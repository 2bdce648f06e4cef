"""Parquet, as DuckDB and pandas see it."""

import io
from datetime import UTC, datetime, timedelta

import duckdb
import pandas
import pytest

from ckanext.export.formats import parquet
from ckanext.export.formats.base import About, Options
from tests.builders import NOON, canonical, encode, observation, some_rows

ABOUT = About(title="Häuser", license="CC BY", license_url="https://cc", source="https://p/x?a=b")


@pytest.fixture
def told(tmp_path):
    """DuckDB's answer about a file that stands for {file}."""

    def told(content: bytes, statement: str):
        path = tmp_path / "data.parquet"
        path.write_bytes(content)
        return duckdb.sql(statement.format(file=f"'{path}'")).fetchall()

    return told


def rows(number: int):
    return [
        observation(state=str(place), last_updated=NOON + timedelta(seconds=place))
        for place in range(number)
    ]


def test_columns_have_types(told):
    kinds = told(encode("parquet", some_rows()), "DESCRIBE FROM {file}")

    assert {name: kind for name, kind, *_ in kinds} == {
        "home": "VARCHAR",
        "entity_id": "VARCHAR",
        "type": "VARCHAR",
        "state": "VARCHAR",
        "unit": "VARCHAR",
        "last_changed": "TIMESTAMP WITH TIME ZONE",
        "last_updated": "TIMESTAMP WITH TIME ZONE",
        "attributes": "VARCHAR",
    }


def test_texts_stand_in_dictionaries_and_everything_is_zstd(told):
    chunks = told(
        encode("parquet", some_rows()),
        "SELECT path_in_schema, encodings, compression FROM parquet_metadata({file})",
    )

    assert {compression for *_, compression in chunks} == {"ZSTD"}
    for name, encodings, _ in chunks:
        assert ("DELTA_BINARY_PACKED" if "last_" in name else "RLE_DICTIONARY") in encodings


def test_the_file_says_what_it_is(told):
    content = encode("parquet", some_rows(), about=ABOUT)

    found = dict(told(content, "SELECT key, value FROM parquet_kv_metadata({file})"))
    assert found[b"title"].decode() == "Häuser"
    assert found[b"license"] == b"CC BY"
    assert found[b"license_url"] == b"https://cc"
    assert found[b"source"] == b"https://p/x?a=b"
    assert b"author" not in found


def test_pandas_reads_utc_times():
    table = pandas.read_parquet(io.BytesIO(encode("parquet", some_rows(3))))

    assert str(table["last_updated"].dtype) == "datetime64[us, UTC]"
    assert table["last_updated"][0] == datetime(2022, 6, 20, 12, tzinfo=UTC)


def test_row_groups_depend_on_the_rows_and_not_on_the_batches(told, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 1000)
    many = rows(2500)

    content = encode("parquet", many)

    groups = "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata({file})"
    assert sorted(told(content, groups)) == [(0, 1000), (1, 1000), (2, 500)]
    assert encode("parquet", many[:600], many[600:601], many[601:]) == content


def test_wide_texts_make_smaller_row_groups(told):
    wide = canonical([observation(attributes=letter * 1_000_000) for letter in "abcdefghij"])
    pieces = parquet.Parquet(Options(), About()).encode(iter([wide] * 20))

    groups = told(
        b"".join(map(bytes, pieces)),
        "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata({file})",
    )
    assert [rows for _, rows in sorted(groups)] == [68, 68, 64]


def test_bytes_come_while_the_rows_do(monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 1000)
    taken = []

    def batches():
        for number in range(3):
            taken.append(number)
            yield canonical(rows(1000))

    pieces = parquet.Parquet(Options(), About()).encode(batches())

    assert next(pieces)[:4] == b"PAR1"
    assert taken == [0]
    pieces.close()
    assert taken == [0]
