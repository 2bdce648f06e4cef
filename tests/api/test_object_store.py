"""A portal whose lake is in an object store."""

import json

import pytest

from tests.api.http import Api, expect_problem, unpack
from tests.builders import in_every_home, some_rows, write_lake
from tests.object_store import object_store


@pytest.fixture(scope="module")
def s3_portal(start_portal, tmp_path_factory):
    store = object_store()
    folder = write_lake(tmp_path_factory.mktemp("s3") / "lake", in_every_home(*some_rows(60)))
    access, secret = store.new_key()
    given = store.options | {"access_key": access, "secret_key": secret}
    options = " ".join(f"{name}={value}" for name, value in given.items())
    settings = {"ckanext.export.lake.storage": options}
    return start_portal("s3", lake=store.upload(folder), settings=settings), access, secret


def test_an_export_comes_out_of_the_store_and_names_its_version(s3_portal):
    portal, _, _ = s3_portal

    answer = Api(portal.url).get("csv")

    assert answer.status_code == 200
    files = unpack(answer.content)
    assert json.loads(files["manifest.json"])["lake_version"].startswith("files-")
    rows = next(text for name, text in files.items() if name.endswith(".csv"))
    assert rows.count(b"\r\n") == 1 + 240


def test_credentials_that_do_not_hold_any_more_are_told_without_them(s3_portal):
    portal, access, secret = s3_portal
    object_store().revoke(access)

    answer = Api(portal.url).get("csv")

    expect_problem(answer, 503, "The data lake is not available")
    log = portal.home.log("ckan").read_text()
    assert "No export: The data lake cannot be reached" in log
    for key in (access, secret):
        assert key not in answer.text + str(answer.headers)
        assert key not in log
