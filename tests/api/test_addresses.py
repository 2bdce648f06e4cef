"""Addresses in documents of a portal that lives below a path and speaks many languages."""

import json

import pytest

from tests.api.http import member
from tests.builders import some_rows, write_lake

SITE = "https://data.example.org"


@pytest.fixture
def lake(tmp_path, ckan_config):
    ckan_config["ckan.site_url"] = SITE
    ckan_config["ckanext.export.lake.url"] = str(write_lake(tmp_path / "lake", some_rows()))


@pytest.mark.ckan_config("ckan.plugins", "export")
@pytest.mark.usefixtures("with_plugins", "lake")
@pytest.mark.parametrize(
    ("root_path", "prefix"),
    [("", ""), ("/data", "/data"), ("/data/{{LANG}}", "/data"), ("/{{LANG}}/data", "/data")],
)
@pytest.mark.parametrize("locale", ["", "/de"])
def test_addresses_carry_the_root_path_and_no_language(
    make_app, ckan_config, root_path, prefix, locale
):
    if root_path:
        ckan_config["ckan.root_path"] = root_path
    app = make_app()

    document = app.get(f"{locale}/api/export/openapi.json").json
    page = app.get(f"{locale}/api/export/ui/").text
    answer = app.get(f"{locale}/api/export/csv?types=light&units=")
    archive = answer.data
    answer.close()  # as a server does, and the test client does not

    assert document["servers"] == [{"url": f"{prefix}/api/export"}]
    assert f'src="{prefix}/api/export/ui/swagger-ui-bundle.js"' in page
    assert f'"{prefix}/api/export/openapi.json"' in page
    (resource,) = json.loads(member(archive, "_metadata.json"))["resources"]
    assert resource["url"] == f"{SITE}{prefix}/api/export/csv?types=light"
