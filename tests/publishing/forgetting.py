"""What the tests of forgetting share: how they act, and what they look at."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model
from ckan.tests.helpers import call_action

from tests.builders import HOMES, read_csv, some_rows, write_lake

HOME = HOMES[1]
DATASET = "smart-home-observations"
OTHERS = [row for row in some_rows() if row["home"] != HOME]


def act(name: str, user: dict[str, Any], **data: Any) -> Any:
    return tk.get_action(name)({"user": user["name"], "ignore_auth": False}, data)


def shown(job: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    model.Session.expire_all()
    return act("export_job_show", user, id=job["id"])


def members(answer: Any) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.data
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    return {name: archive.read(name) for name in archive.namelist()}


def data_of(answer: Any) -> dict[str, bytes]:
    """The data files of a zip."""
    found = {n: content for n, content in members(answer).items() if n.startswith("smart-homes_")}
    return {name: content for name, content in found.items() if "metadata" not in name}


def pseudonyms(answer: Any) -> set[str]:
    (content,) = data_of(answer).values()
    return {row["home"] for row in read_csv(content)}


def resources() -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in call_action("package_show", id=DATASET)["resources"]}


def address(resource: dict[str, Any]) -> str:
    return resource["url"].removeprefix(tk.config["ckan.site_url"])


def fill(lake: Path, rows: list[dict[str, Any]]) -> None:
    """The lake has these rows and no others."""
    shutil.rmtree(lake)
    write_lake(lake, rows)


def stored() -> list[Path]:
    folder = Path(tk.config["ckan.storage_path"]) / "resources"
    return [path for path in folder.rglob("*") if path.is_file()]
