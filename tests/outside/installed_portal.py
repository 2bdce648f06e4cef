"""Asks an installed CKAN for an export, without a server: run as `python … INI`.

A program of its own: it runs in an environment that has neither the checkout nor the tests.
"""

import io
import json
import sys
import zipfile
from pathlib import Path

from ckan.cli import load_config
from ckan.config.middleware import make_app
from werkzeug.test import Client

import ckanext.export.plugin


def main(ini: str) -> None:
    client = Client(make_app(load_config(ini)))
    formats = client.get("/api/export/formats")
    ui = client.get("/api/export/ui/")
    openapi = client.get("/api/export/openapi.json")
    page = client.get("/pt_PT/export")
    csv = client.get("/api/export/csv?date_from=2016-01-11&date_to=2016-01-12")
    seen = {
        "extension": ckanext.export.plugin.__file__,
        "path": [str(Path(entry).resolve()) for entry in sys.path[1:]],
        "formats": [formats.status_code, formats.text],
        "ui": [ui.status_code, ui.text],
        "openapi": [openapi.status_code, json.loads(openapi.data)["openapi"]],
        "page": [page.status_code, page.text],
        "csv": [csv.status_code, rows(csv.data) if csv.status_code == 200 else csv.text],
    }
    print(json.dumps(seen))


def rows(archive: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return json.loads(opened.read("manifest.json"))["rows"]


if __name__ == "__main__":
    main(*sys.argv[1:])
