"""The package as a Frictionless Data Package (specs.frictionlessdata.io, version 1)."""

import re
from typing import Any

from ..observations import COLUMNS, TIMES
from ..privacy import about as what_privacy_does
from .contents import COLUMN_TEXTS, Contents, DataFile

_REQUIRED = ("home", "entity_id", "type")


def datapackage(contents: Contents) -> dict[str, Any]:
    """The descriptor; formats whose rows no table schema can describe stand without one."""
    about = contents.description
    package: dict[str, Any] = {
        "profile": "data-package",
        "name": about.name,
        "title": about.title,
        "created": f"{contents.generated:%Y-%m-%dT%H:%M:%SZ}",
        "resources": [_resource(contents, file) for file in contents.files],
    }
    if about.notes:
        package["description"] = about.notes
    if about.url:
        package["homepage"] = about.url
    if about.tags:
        package["keywords"] = list(about.tags)
    if about.license_id:
        names = {"name": about.license_id, "title": about.license_title, "path": about.license_url}
        package["licenses"] = [{key: value for key, value in names.items() if value}]
    if about.author:
        author = {"title": about.author, "email": about.author_email, "role": "author"}
        package["contributors"] = [{key: value for key, value in author.items() if value}]
    return package


def _resource(contents: Contents, file: DataFile) -> dict[str, Any]:
    kind = file.format
    resource: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9._-]", "-", file.member.name.lower()),
        "path": file.member.name,
        "format": kind.extension,
        "mediatype": kind.media_type,
        "hash": f"sha256:{file.member.sha256}",
    }
    if kind.encoding:
        resource["encoding"] = kind.encoding
    if kind.dialect:
        resource["dialect"] = dict(kind.dialect)
    if kind.tabular:
        resource |= {"profile": "tabular-data-resource", "schema": _schema(contents)}
    return resource


def _schema(contents: Contents) -> dict[str, Any]:
    return {"fields": [_field(name, contents) for name in COLUMNS], "missingValues": [""]}


def _field(name: str, contents: Contents) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": "string", "description": _told(name, contents)}
    if name in TIMES:
        field |= {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S.%fZ"}
    elif name == "attributes":
        field["type"] = "object"
    if name in _REQUIRED:
        field["constraints"] = {"required": True}
    return field


def _told(name: str, contents: Contents) -> str:
    """What a column is, what privacy did to it, and to how many of its values."""
    told = f"{COLUMN_TEXTS[name]}. {what_privacy_does(contents.policy, name)}".rstrip()
    withheld = contents.withheld.get(name, 0)
    return f"{told} Changed or withheld here: {withheld:,} values." if withheld else told
