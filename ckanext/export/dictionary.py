"""The DataStore's data dictionary of published files: a table that a loader fills."""

import logging
from collections.abc import Iterable
from typing import Any

import ckantoolkit as tk
import orjson
from ckan.plugins import plugin_loaded

from . import config

log = logging.getLogger(__name__)

_TYPES = {"datetime": "timestamp", "object": "json"}  # all others are text


def describe(resources: Iterable[dict[str, Any]], user: str) -> None:
    """Makes tables with the types and descriptions of the columns, where the portal has the
    DataStore and the files have none yet.

    What is published stays so when this fails: the log says why.
    """
    if not (plugin_loaded("datastore") and config.publish_datastore()):
        return
    for resource in resources:
        if resource.get("format") != "CSV" or resource.get("datastore_active"):
            continue
        fields = [_field(field) for field in orjson.loads(resource["schema"])["fields"]]
        data = {"resource_id": resource["id"], "fields": fields, "force": True}
        try:
            tk.get_action("datastore_create")({"user": user}, data)
        except (tk.ValidationError, tk.NotAuthorized, tk.ObjectNotFound) as error:
            log.warning("No data dictionary for %s: %s", resource["id"], error)


def clear(resources: Iterable[dict[str, Any]], user: str) -> None:
    """Empties the tables of files that were replaced: a loader may be long in coming.

    Raises what the DataStore does when it cannot.
    """
    if not plugin_loaded("datastore"):
        return
    for resource in resources:
        if resource.get("datastore_active"):
            data = {"resource_id": resource["id"], "filters": {}, "force": True}
            tk.get_action("datastore_records_delete")({"user": user}, data)


def _field(field: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": field["name"],
        "type": _TYPES.get(field["type"], "text"),
        "info": {"label": field["name"], "notes": field["description"]},
    }
