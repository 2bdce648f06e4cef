"""Delta and Iceberg tables in S3: a real server that checks credentials."""

import logging
import traceback
from datetime import date

import deltalake
import pyarrow as pa
import pytest

from ckanext.export.errors import LakeUnavailable
from ckanext.export.export import Export
from ckanext.export.lake import Storage, open_lake
from ckanext.export.query import Query
from tests.builders import LAKE_SCHEMA, data, in_every_home, order, read_csv, some_rows
from tests.lake.iceberg_log import NAME, write_iceberg
from tests.object_store import object_store

DAY = date(2022, 6, 20)
WITH_DAY = LAKE_SCHEMA.append(pa.field("day", pa.string()))


def delta_url(store, _folder, rows):
    rows = [row | {"day": f"{row['last_updated'].date()}"} for row in rows]
    options = Storage.parse(store.options).object_store() | {"AWS_S3_ALLOW_UNSAFE_RENAME": "true"}
    url = f"{store.upload(_folder)}/table"
    table = pa.Table.from_pylist(rows, WITH_DAY)
    deltalake.write_deltalake(url, table, partition_by=["day"], storage_options=options)
    return f"delta+{url}"


def iceberg_url(store, folder, rows):
    days = sorted({row["last_updated"].date() for row in rows})
    parts = [[row for row in rows if row["last_updated"].date() == day] for day in days]
    options = {
        "s3.endpoint": store.endpoint,
        "s3.region": "us-east-1",
        "s3.access-key-id": store.access_key,
        "s3.secret-access-key": store.secret_key,
    }
    write_iceberg(folder, *parts, warehouse=store.upload(folder), **options)
    return f"iceberg+sqlite:///{folder}/catalog.db"


@pytest.fixture(params=[delta_url, iceberg_url], ids=["delta", "iceberg"])
def url(request, tmp_path):
    url = request.param(object_store(), tmp_path, in_every_home(*some_rows(60)))
    object_store().forget()
    return url


def opened(url, **options):
    storage = Storage.parse(object_store().options | options)
    return open_lake(url, table=NAME, storage=storage)


def test_a_whole_export_comes_out_of_a_bucket(url):
    rows = read_csv(data(b"".join(Export(opened(url), order("csv")))))

    assert len(rows) == 240
    assert opened(url).inspect().facts["observations in the lake"] == "240"


def test_only_the_files_of_the_days_that_are_asked_for_are_touched(url):
    with opened(url).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 240
    every = {path for path in object_store().asked if path.endswith(".parquet")}
    object_store().forget()

    with opened(url).scan(Query(DAY, DAY)) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 48
    touched = {path for path in object_store().asked if path.endswith(".parquet")}

    assert {path.partition(" ")[2] for path in touched} < {p.partition(" ")[2] for p in every}
    assert len({path.partition(" ")[2] for path in touched}) == 1


def test_what_the_configuration_leaves_out_comes_from_the_environment(url, monkeypatch):
    store = object_store()
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)

    with open_lake(url, table=NAME).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 240


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_told_without_any_key(url, caplog, wrong):
    caplog.set_level(logging.DEBUG)
    options = object_store().options | {wrong: "WRONG/but+still=a key"}

    with pytest.raises(LakeUnavailable) as caught:
        open_lake(url, table=NAME, storage=Storage.parse(options)).scan(Query())

    told = "".join(traceback.format_exception(caught.value)) + caught.value.explain()
    told += "".join(r.getMessage() for r in caplog.records if not r.name.startswith("moto"))
    for key in (options["access_key"], options["secret_key"]):
        assert key not in told
    assert "bucket" not in caught.value.detail


def test_nobody_at_the_endpoint_is_an_unavailable_lake(url):
    with pytest.raises(LakeUnavailable):
        opened(url, endpoint="http://127.0.0.1:9").scan(Query())
