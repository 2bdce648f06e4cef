"""The published dataset: its files, and what it says about them, change in one transaction."""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import ckantoolkit as tk
import orjson
from ckan import model
from ckan.types import Context
from werkzeug.datastructures import FileStorage

from . import dictionary
from .formats import Format, registry
from .model import Published
from .package.contents import Contents, DataFile, Member
from .package.datapackage import datapackage
from .package.dataset import dataset
from .query import Query

DESCRIPTOR = "datapackage.json"
# ckanext-dcat writes `hash` as hexadecimal digits, with the algorithm that DCAT-AP demands.
# `sha256` says it once more, because loaders of the DataStore put a hash of their own there.
_ALGORITHM = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
_COVERAGE = ("temporal_start", "temporal_end")  # ckanext-dcat's names, and those of many others


def id_of(name: str) -> str:
    """A dataset's id, the empty text where there is none."""
    found = model.Package.get(name)
    return found.id if found else ""


def hashes(dataset_id: str) -> dict[str, str]:
    """Name → SHA-256 of the files that a dataset has."""
    found = model.Package.get(dataset_id)
    if found is None or found.state != "active":
        return {}
    return {resource.name: resource.extras.get("sha256", "") for resource in found.resources}


def ids_of(dataset_id: str, names: Collection[str]) -> list[str]:
    """Of the files of these names that a dataset has."""
    found = model.Session.query(model.Resource).filter_by(package_id=dataset_id, state="active")
    return [resource.id for resource in found if resource.name in names]


@dataclass(frozen=True)
class Origin:
    """What the files are made from: filters, and the rules of privacy."""

    query: Query
    rules: str

    def note(self, package: Mapping[str, Any], files: Sequence[DataFile]) -> None:
        """In the transaction that publishes the files."""
        kinds = {file.member.name: file.format.name for file in files}
        for resource in package["resources"]:
            if resource["name"] in kinds:
                Published.note(
                    resource_id=resource["id"],
                    dataset_id=package["id"],
                    query=self.query.filters(),
                    format=kinds[resource["name"]],
                    rules=self.rules,
                )


def put(name: str, user: str, contents: Contents, folder: Path, origin: Origin) -> tuple[str, str]:
    """Puts the files of an export into a dataset, which is made where it is not there.

    Returns its id, and "created", "updated" or "unchanged". Files are uploaded and the dataset is
    changed in one transaction of CKAN's: when it fails, nothing has changed. Raises
    NotAuthorized and ValidationError.
    """
    context: Any = {"user": user, "auth_user_obj": model.User.get(user)}
    try:
        with ExitStack() as opened:
            package = _existing(context, name) or _new(context, name, contents)
            found = {resource["name"]: resource for resource in package.get("resources", [])}
            changed = [f for f in contents.files if not _is_same(found.get(f.member.name), f)]
            if not changed and DESCRIPTOR in found:
                origin.note(package, contents.files)
                model.Session.commit()  # lets go of the dataset
                return package["id"], "unchanged"
            outcome = "updated" if found else "created"
            for file in changed:
                stream = opened.enter_context((folder / file.member.name).open("rb"))
                _set(package, _resource(contents, file), stream)
            _cover(package, contents)
            _describe(package, contents)
            origin.note(package, contents.files)
            done = tk.get_action("package_update")(Context(context), package)
    except BaseException:
        model.Session.rollback()
        raise
    names = {file.member.name for file in changed}
    replaced = [resource for resource in done["resources"] if resource["name"] in names]
    dictionary.clear(replaced, user)
    dictionary.describe(replaced, user)
    return package["id"], outcome


def _existing(context: Any, name: str) -> dict[str, Any] | None:
    """The dataset, locked until the transaction ends, so that two jobs come one after the other."""
    try:
        found = tk.get_action("package_show")(Context(context, for_update=True), {"id": name})
    except tk.ObjectNotFound:
        return None
    if found["state"] == "deleted":
        raise tk.ValidationError({"name": ["the dataset has been deleted; restore or purge it"]})
    return found


def _new(context: Any, name: str, contents: Contents) -> dict[str, Any]:
    """Made, but not committed before its files are there."""
    given = dataset(contents)
    about = contents.description
    given |= {
        "name": name,
        "extras": [{"key": key, "value": value} for key, value in about.extras.items()],
        "resources": [],
    }
    return tk.get_action("package_create")(Context(context, defer_commit=True), given)


def _is_same(resource: Mapping[str, Any] | None, file: DataFile) -> bool:
    return resource is not None and resource.get("sha256") == file.member.sha256


def _resource(contents: Contents, file: DataFile) -> dict[str, Any]:
    tally, kind = contents.tally, file.format
    resource = {
        **contents.description.resource_fields,
        "name": file.member.name,
        "format": kind.title,
        "mimetype": kind.media_type,
        **_licence(contents),
        **_checksum(file.member.sha256),
        "size": file.member.size,
        "description": (
            f"{tally.rows:,} observations of {len(tally.homes):,} homes, {tally.first_day} to "
            f"{tally.last_day} (UTC). {kind.description}"
        ),
        **dict(zip(_COVERAGE, (tally.first_day, tally.last_day), strict=True)),
    }
    (described,) = datapackage(replace(contents, files=(file,)))["resources"]
    if "schema" in described:
        resource["schema"] = orjson.dumps(described["schema"]).decode()
    return resource


def _licence(contents: Contents) -> dict[str, str]:
    """DCAT asks it of each file."""
    url = contents.description.license_url
    return {"license": url} if url else {}


def _checksum(sha256: str) -> dict[str, str]:
    return {"hash": sha256, "hash_algorithm": _ALGORITHM, "sha256": sha256}


def _set(package: dict[str, Any], resource: dict[str, Any], stream: IO[bytes]) -> None:
    """Adds a resource, or replaces what this extension says about the one of its name."""
    upload = FileStorage(stream, resource["name"], content_type=resource["mimetype"])
    resource |= {"upload": upload, "url": resource["name"], "url_type": "upload"}
    for present in package["resources"]:
        if present["name"] == resource["name"]:
            present.update(resource)
            return
    package["resources"].append({"id": str(uuid.uuid4()), **resource})


def _cover(package: dict[str, Any], contents: Contents) -> None:
    """The dataset covers what it covered, and these days."""
    own, tally = contents.description.own_fields, contents.tally
    extras = {extra["key"]: extra["value"] for extra in package.get("extras", [])}
    days = [tally.first_day, tally.last_day]
    if "temporal_coverage" in own:  # as the schemas of ckanext-dcat have it
        before = package.get("temporal_coverage") or [{}]
        days += [day for period in before for day in period.values() if day]
        package["temporal_coverage"] = [{"start": min(days), "end": max(days)}]
        return
    before = {name: package.get(name) or extras.get(name) for name in _COVERAGE}
    days += [day for day in before.values() if day]
    for name, day in zip(_COVERAGE, (min(days), max(days)), strict=True):
        if name in own:
            package[name] = day
        else:
            extras[name] = day
    package["extras"] = [{"key": key, "value": value} for key, value in extras.items()]


def _describe(package: dict[str, Any], contents: Contents) -> None:
    """The Data Package of all data files that the dataset has, as one more of its files."""
    files = {resource["name"]: resource for resource in package["resources"]}
    known = {name: kind for name in files if (kind := _format_of(name))}
    data = tuple(
        DataFile(kind, Member(name, files[name]["size"], files[name]["sha256"]))
        for name, kind in sorted(known.items())
        if files[name].get("sha256")
    )
    document = datapackage(replace(contents, files=data))
    document |= {"name": package["name"], "title": package["title"]}
    for described, file in zip(document["resources"], data, strict=True):
        if own := files[file.member.name].get("schema"):  # it tells how many values it lacks
            described["schema"] = orjson.loads(own)
        described["path"] = tk.url_for(
            "resource.download",
            id=package["id"],
            resource_id=files[file.member.name]["id"],
            filename=file.member.name,
            qualified=True,
            locale="default",
        )
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
    described = {
        **contents.description.resource_fields,
        "name": DESCRIPTOR,
        "format": "JSON",
        "mimetype": "application/json",
        **_licence(contents),
        **_checksum(hashlib.sha256(text).hexdigest()),
        "size": len(text),
        "description": "The Frictionless Data Package of the files above.",
    }
    _set(package, described, BytesIO(text))


def _format_of(name: str) -> type[Format] | None:
    """The format of a published file; the description itself is none."""
    if name == DESCRIPTOR:
        return None
    fitting = [kind for kind in registry().values() if name.endswith(f".{kind.extension}")]
    return max(fitting, key=lambda kind: len(kind.extension), default=None)
