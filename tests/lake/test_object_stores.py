"""Lakes in S3: a real server that checks credentials and counts what is fetched."""

import logging
import os
import socket
import traceback
from datetime import date, timedelta

import pytest

from ckanext.export.errors import LakeUnavailable, Misconfigured
from ckanext.export.export import Export
from ckanext.export.lake import Storage, open_lake
from ckanext.export.query import Query
from tests.builders import (
    NOON,
    data,
    in_every_home,
    observation,
    order,
    read_csv,
    some_rows,
    working_threads,
    write_file,
    write_lake,
    write_large_day,
)
from tests.object_store import object_store
from tests.text_lakes import write_csv, write_text_lake

DAY = date(2022, 6, 20)


@pytest.fixture
def store():
    return object_store()


@pytest.fixture
def url(store, tmp_path):
    return store.upload(write_lake(tmp_path / "lake", in_every_home(*some_rows(60))))


def opened(store, url, **options):
    return open_lake(url, storage=Storage.parse(store.options | options))


def states(lake, query=Query(), columns=("state",)):  # noqa: B008 - frozen
    with lake.scan(query) as scan:
        return [text for b in scan.batches(columns) for text in b.column("state").to_pylist()]


def fetched(store):
    return sum(size for _, size in store.fetched)


def test_a_whole_export_comes_out_of_a_bucket(store, url):
    exported = Export(opened(store, url), order("csv", "json"))
    archive = b"".join(exported)

    rows = read_csv(data(archive))
    assert len(rows) == 240
    assert rows[0]["last_updated"] == "2022-06-20T12:00:00.000000Z"
    assert len(data(archive, "json").splitlines()) >= 240


@pytest.mark.parametrize("ending", ["", "/"])
def test_the_prefix_may_end_with_a_slash(store, url, ending):
    assert len(states(opened(store, url + ending))) == 240


def test_other_prefixes_of_the_bucket_are_not_read(store, url):
    bucket = url.split("/")[2]
    store.client.put_object(Bucket=bucket, Key="lake2/broken.parquet", Body=b"no Parquet")

    assert len(states(opened(store, url))) == 240


def test_a_whole_bucket_may_be_the_lake(store, url):
    assert len(states(opened(store, url.removesuffix("/lake")))) == 240


def test_text_files_are_read_from_a_bucket_too(store, tmp_path):
    folder = write_text_lake(tmp_path, some_rows(60), "part.csv.gz", write_csv)

    assert len(states(opened(store, store.upload(folder)), Query(DAY, DAY))) == 12


def test_what_the_configuration_leaves_out_comes_from_the_environment(store, url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)

    assert len(states(open_lake(url))) == 240


def test_the_configuration_is_stronger_than_the_environment(store, url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFSOMEBODYELSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the key at all")

    assert len(states(opened(store, url))) == 240


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_told_without_any_key(store, url, caplog, wrong):
    caplog.set_level(logging.DEBUG)
    options = store.options | {wrong: "WRONG/but+still=a key"}

    with pytest.raises(LakeUnavailable) as caught:
        open_lake(url, storage=Storage.parse(options)).scan(Query())

    told = "".join(traceback.format_exception(caught.value)) + caught.value.explain()
    told += repr(caught.value.__dict__)
    told += "".join(r.getMessage() for r in caplog.records if not r.name.startswith("moto"))
    for key in (options["access_key"], options["secret_key"]):
        assert key not in told
    assert "AWS" in caught.value.inside
    assert "AWS" not in caught.value.detail


def test_a_log_never_holds_a_key(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from the environment")
    storage = Storage(access_key="AKIA", secret_key="AKIA-longer", session_token="token")  # noqa: S106

    hidden = storage.hide("AKIA, AKIA-longer, token and from the environment")

    assert hidden == "…, …, … and …"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://AKIA:hidden@bucket/lake", {}),
        ("s3://bucket/lake", {"access_key": "AKIA"}),
        ("s3://bucket/lake", {"endpoint": "127.0.0.1:9000", "secret_key": "hidden"}),
        ("s3://bucket/lake", {"endpoint": "http://AKIA:hidden@127.0.0.1:9000"}),
        ("s3:///lake", {"secret_key": "hidden"}),
        ("s3://bucket/lake", {"endpoint": "ftp://127.0.0.1", "secret_key": "hidden"}),
    ],
)
def test_a_configuration_that_cannot_work_is_told_without_its_keys(url, options):
    with pytest.raises(Misconfigured) as caught:
        open_lake(url, storage=Storage.parse(options))

    assert "ckanext.export.lake" in caught.value.inside
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


def test_nothing_goes_without_encryption_unless_the_endpoint_says_so(store, url):
    with pytest.raises(LakeUnavailable):
        opened(store, url, endpoint=store.endpoint.replace("http:", "https:")).scan(Query())

    assert store.asked == []


@pytest.mark.parametrize("place", ["s3://no-such-bucket/lake", "s3://no-such-bucket"])
def test_a_missing_bucket_is_an_unavailable_lake(store, place):
    with pytest.raises(LakeUnavailable) as caught:
        opened(store, place).scan(Query())

    assert "no-such-bucket" not in caught.value.detail
    assert "no-such-bucket" in caught.value.inside


def test_a_missing_prefix_is_an_unavailable_lake(store, url):
    with pytest.raises(LakeUnavailable):
        opened(store, f"{url}/nowhere").scan(Query())


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_nobody_at_the_endpoint_is_an_unavailable_lake(scheme):
    storage = Storage(endpoint="http://127.0.0.1:9", access_key="A", secret_key="hidden")  # noqa: S106

    with pytest.raises(LakeUnavailable):
        open_lake(f"{scheme}://bucket/lake", storage=storage).scan(Query())


@pytest.mark.slow
def test_a_server_that_never_answers_is_an_unavailable_lake():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = Storage(
            endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}",
            access_key="A",
            secret_key="hidden",  # noqa: S106
        )
        with pytest.raises(LakeUnavailable):
            open_lake("s3://bucket/lake", storage=storage).scan(Query())


def test_only_the_days_that_are_asked_for_are_looked_at(store, url):
    assert len(states(opened(store, url), Query(DAY, DAY))) == 48

    assert {
        path for path in store.asked if "date=" in path and DAY.isoformat() not in path
    } == set()


def wide_file(folder):
    """Twenty row groups of a thousand observations, ordered by time, with states of 200 B."""
    rows = [
        observation(state=os.urandom(100).hex(), last_updated=NOON + timedelta(minutes=number))
        for number in range(20_000)
    ]
    path = write_file(folder / "all.parquet", rows, row_group_size=1000, compression="zstd")
    return path.stat().st_size


def test_only_the_row_groups_that_are_needed_are_fetched(store, tmp_path):
    size = wide_file(tmp_path)
    lake = opened(store, store.upload(tmp_path))

    found = states(lake, Query(date(2022, 7, 1), date(2022, 7, 1)))

    assert len(found) == 1440
    footer_and_groups = 64 * 1024 + size * 3 / 20
    assert size / 20 < fetched(store) < footer_and_groups


def test_only_the_columns_that_are_needed_are_fetched(store, tmp_path):
    size = wide_file(tmp_path)
    lake = opened(store, store.upload(tmp_path))

    with lake.scan(Query()) as scan:
        homes = sum(batch.num_rows for batch in scan.batches(("home", "last_updated")))

    assert homes == 20_000
    assert fetched(store) < size / 8


def test_a_row_group_comes_in_few_requests(store, tmp_path):
    write_large_day(tmp_path, "2022-06-20", 50_000)
    lake = opened(store, store.upload(tmp_path))

    assert len(states(lake, columns=("home", "state", "last_updated"))) == 50_000

    footers, groups, heads = 1, 2, 2
    assert len([path for path in store.asked if "part-0" in path]) <= footers + groups + heads


def test_a_broken_footer_of_a_later_day_is_found_before_the_first_row(store, url):
    bucket = url.split("/")[2]
    key = "lake/date=2022-06-22/part-0.parquet"
    whole = store.client.get_object(Bucket=bucket, Key=key)["Body"].read()
    store.client.put_object(Bucket=bucket, Key=key, Body=whole[:-400] + bytes(392) + whole[-8:])

    with pytest.raises(LakeUnavailable) as caught:
        opened(store, url).scan(Query())

    assert key in caught.value.inside


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_an_object_that_changes_while_it_is_read_ends_the_pass(store, url, change):
    bucket = url.split("/")[2]
    key = "lake/date=2022-06-22/part-0.parquet"
    whole = store.client.get_object(Bucket=bucket, Key=key)["Body"].read()
    with opened(store, url).scan(Query()) as scan:
        assert sum(batch.num_rows for batch in scan.batches()) == 240
        if change == "replaced":
            body = whole[:100] + bytes(1) + whole[101:]
            store.client.put_object(Bucket=bucket, Key=key, Body=body)
        else:
            store.client.delete_object(Bucket=bucket, Key=key)
        with pytest.raises(LakeUnavailable, match="changed"):
            list(scan.batches())


def test_a_pass_that_is_given_up_leaves_no_thread(store, url):
    with opened(store, url).scan(Query()) as scan:
        batches = scan.batches()
        next(batches)
        assert working_threads()
        batches.close()

    assert working_threads() == []


def test_the_version_is_the_same_until_an_object_changes(store, url):
    bucket = url.split("/")[2]
    key = "lake/date=2022-06-22/part-0.parquet"

    def version(query=Query()):  # noqa: B008 - frozen
        return opened(store, url).scan(query).version

    before, of_one_day = version(), version(Query(DAY, DAY))
    assert version() == before
    body = store.client.get_object(Bucket=bucket, Key=key)["Body"].read()
    store.client.put_object(Bucket=bucket, Key=key, Body=body.replace(b"21.5", b"22.5") + body[-1:])

    try:
        after = version()
    except LakeUnavailable:
        after = None
    assert after != before
    assert version(Query(DAY, DAY)) == of_one_day
