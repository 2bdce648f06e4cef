"""Frictionless judges the data package of a real export: rows, hashes and sizes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from frictionless import Package
from frictionless.resources import FileResource

from tests.api.http import FORMATS


@pytest.fixture
def package(api: str, tmp_path: Path) -> Path:
    """An export in all formats, unpacked."""
    answer = requests.get(f"{api}/dataset?formats={','.join(FORMATS)}", timeout=60)
    assert answer.status_code == 200
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    return tmp_path


def descriptor(package: Path) -> dict[str, Any]:
    return json.loads((package / "datapackage.json").read_text())


def faulty_rows(package: Path) -> set[str]:
    """The kinds of fault that frictionless sees in the package and its tables."""
    report = Package(str(package / "datapackage.json")).validate()
    assert len(report.tasks) == len(FORMATS)
    found = {row[0] for row in report.flatten(["type"])}
    assert report.valid == (not found)
    return found


def faulty_files(package: Path) -> set[tuple[str, str]]:
    """(extension, kind of fault) of files whose size or hash is not what the package says.

    Frictionless reads JSON tables without counting their bytes, so files are judged as files.
    """
    found = set()
    sizes = {m["name"]: m["size"] for m in manifest(package)["members"]}
    for told in descriptor(package)["resources"]:
        path = told["path"]
        assert told.get("bytes", sizes[path]) == sizes[path]
        file = FileResource(path=path, basepath=str(package), hash=told["hash"], bytes=sizes[path])
        found |= {(path.rpartition(".")[2], row[0]) for row in file.validate().flatten(["type"])}
    return found


def manifest(package: Path) -> dict[str, Any]:
    return json.loads((package / "manifest.json").read_text())


def rows_seen(package: Path) -> dict[str, int | None]:
    report = Package(str(package / "datapackage.json")).validate()
    return {task.place.rpartition(".")[2]: task.stats.get("rows") for task in report.tasks}


def data_file(package: Path, extension: str) -> Path:
    paths = [told["path"] for told in descriptor(package)["resources"]]
    return package / next(path for path in paths if path.endswith(f".{extension}"))


def damage(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


def test_an_export_is_a_valid_data_package(package):
    assert faulty_rows(package) == set()
    assert faulty_files(package) == set()


def test_frictionless_has_read_every_row(package):
    rows = manifest(package)["rows"]

    assert rows > 1000
    assert rows_seen(package) == dict.fromkeys(FORMATS, rows) | {"xml": None}


@pytest.mark.parametrize("extension", ["csv", "json", "jsonl", "tsv"])
def test_a_row_with_a_damaged_time_is_found(package, extension):
    damage(data_file(package, extension), b"2016-01-12T", b"2016-31-12T")

    assert "type-error" in faulty_rows(package)
    assert faulty_files(package) == {(extension, "hash-count")}


def test_a_row_that_went_missing_is_found(package):
    file = data_file(package, "csv")
    lines = file.read_bytes().split(b"\r\n")
    del lines[700]
    file.write_bytes(b"\r\n".join(lines))

    assert "hash-count" in faulty_rows(package)
    assert faulty_files(package) == {("csv", "hash-count"), ("csv", "byte-count")}


@pytest.mark.parametrize("extension", ["csv", "json", "xml", "jsonl", "tsv"])
def test_a_changed_letter_is_found(package, extension):
    damage(data_file(package, extension), b"sensor.", b"censor.")

    assert faulty_files(package) == {(extension, "hash-count")}
