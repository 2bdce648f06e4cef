"""The template dataset: what the portal says about every export, as the visitor may read it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import ckantoolkit as tk
from ckan import model
from ckan.lib import plugins as package_plugins
from ckan.logic.schema import default_resource_schema

from . import config
from .formats import Format
from .package.contents import Description

# What `package_show` says of the template as a thing of its own, and what `Description` names.
_ITS_OWN = frozenset(
    {
        *("author", "author_email", "extras", "license_id", "license_title", "license_url"),
        *("notes", "organization", "owner_org", "resources", "tags", "title", "type", "url"),
        *("creator_user_id", "groups", "id", "isopen", "metadata_created", "metadata_modified"),
        *("name", "num_resources", "num_tags", "plugin_data", "private", "state"),
        *("relationships_as_object", "relationships_as_subject", "tracking_summary"),
    }
)


def read(user: str) -> dict[str, Any]:
    """The template dataset; empty where there is none or this user may not read it."""
    if not config.dataset():
        return {}
    try:
        found = tk.get_action("package_show")(
            {"user": user, "ignore_auth": False}, {"id": config.dataset()}
        )
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return {}
    # CKAN's keys may be SQLAlchemy's kind of text, which the encoder of the zip's JSON refuses.
    return json.loads(json.dumps(found)) if found["state"] == "active" else {}


def describe(
    resource_url: Callable[[type[Format]], str], user: str, edition: str = ""
) -> Description:
    """What the template says; what it does not say, the configuration does."""
    given = read(user)
    kind = config.dataset_type() or given.get("type", "")
    schema = schema_of(kind)
    license_id = given.get("license_id") or config.license_id()
    licence = model.Package.get_license_register().get(license_id)
    return Description(
        name=config.name(),
        title=given.get("title") or config.title(),
        resource_url=resource_url,
        notes=given.get("notes") or config.notes(),
        license_id=license_id,
        license_title=licence.title if licence else "",
        license_url=licence.url if licence else "",
        owner_org=(given.get("organization") or {}).get("name") or config.owner_org(),
        author=given.get("author") or config.author(),
        author_email=given.get("author_email") or config.author_email(),
        url=given.get("url") or config.url(),
        tags=tuple(tag["name"] for tag in given.get("tags", [])) or config.tags(),
        dataset_type=kind if kind != "dataset" else "",
        fields=_further(given, frozenset(given) - _ITS_OWN),
        extras={extra["key"]: extra["value"] for extra in given.get("extras", [])},
        resource_fields=_resource_fields(given, schema),
        own_fields=frozenset(schema),
        edition=edition,
    )


def schema_of(kind: str) -> Mapping[str, Any]:
    """Field → its validators or, where ckanext-scheming describes the type, its description.

    The fields of resources stand under `resources`.
    """
    plugin = package_plugins.lookup_package_plugin(kind or None)
    schema: dict[str, Any] = plugin.create_package_schema()
    try:
        described = tk.get_action("scheming_dataset_schema_show")({}, {"type": kind or "dataset"})
    except (KeyError, tk.ObjectNotFound):  # the portal has no such extension, or it no such type
        return schema
    resources = {**schema["resources"], **_named(described["resource_fields"])}
    return {**schema, **_named(described["dataset_fields"]), "resources": resources}


def _named(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {field["field_name"]: field for field in fields}


def _further(given: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: given[name] for name in sorted(names) if given[name] not in (None, "", [], {})}


def _resource_fields(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that this type of dataset has beyond CKAN's own, as the first resource has
    them."""
    if not given.get("resources"):
        return {}
    first = given["resources"][0]
    usual = frozenset(default_resource_schema())
    return _further(first, (frozenset(schema["resources"]) & frozenset(first)) - usual)
