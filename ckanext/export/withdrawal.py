"""Taking published files back: out of the dataset, off the disk, and out of the DataStore."""

from collections.abc import Sequence
from typing import Any

import ckantoolkit as tk
from ckan import model
from ckan.lib import uploader
from ckan.plugins import plugin_loaded
from ckan.types import Context

from .model import Published
from .publication import DESCRIPTOR


def withdraw(dataset_id: str, ids: Sequence[str], user: str) -> None:
    """Deletes files of a dataset, and its Data Package, which the next publication writes again.

    Raises what CKAN does when it cannot; what is left to do stays noted.
    """
    context: Any = {"user": user, "auth_user_obj": model.User.get(user)}
    present = _present(dataset_id, ids)
    for id in present:
        if _has_table(id):
            data = {"resource_id": id, "force": True}
            tk.get_action("datastore_delete")(Context(context), data)
        tk.get_action("resource_delete")(Context(context), {"id": id})
    for id in {*ids, *present}:
        _erase(id)
    Published.drop(ids)
    model.Session.commit()


def _present(dataset_id: str, ids: Sequence[str]) -> list[str]:
    """Those that nobody has deleted yet, and the Data Package."""
    found = model.Session.query(model.Resource).filter_by(package_id=dataset_id, state="active")
    return [resource.id for resource in found if resource.id in ids or resource.name == DESCRIPTOR]


def _has_table(id: str) -> bool:
    if not plugin_loaded("datastore"):
        return False
    resource = model.Session.get_one(model.Resource, id)
    return bool(resource.extras.get("datastore_active"))


def _erase(id: str) -> None:
    """CKAN keeps the bytes of a resource that is deleted."""
    resource = {"id": id, "url": "", "clear_upload": True}
    uploader.get_resource_uploader(resource).upload(id)
