"""The package as a CKAN dataset: a dict that the portal's own `package_create` accepts."""

from typing import Any

from .contents import Contents, DataFile

_NAME_LENGTH = 100  # of a dataset in CKAN


def dataset(contents: Contents) -> dict[str, Any]:
    """The dataset dict, one resource per data file."""
    about = contents.description
    extras = {**about.extras, **_extras(contents)}
    given = {
        "type": about.dataset_type,
        "owner_org": about.owner_org,
        "author": about.author,
        "author_email": about.author_email,
        "license_id": about.license_id,
        "notes": about.notes,
        "url": about.url,
    }
    return {
        **about.fields,
        **{key: value for key, value in extras.items() if key in about.own_fields},
        "name": _name(contents),
        "title": about.title,
        **{key: value for key, value in given.items() if value},
        "tags": [{"name": tag} for tag in about.tags],
        "resources": [_resource(contents, file) for file in contents.files],
        "extras": [
            {"key": key, "value": value}
            for key, value in extras.items()
            if key not in about.own_fields
        ],
    }


def _name(contents: Contents) -> str:
    """New for every query and day, so that the dataset can be created."""
    formats = ",".join(file.format.name for file in contents.files)
    end = f"-{contents.generated:%Y-%m-%d}-{contents.asked.fingerprint(formats)}"
    return contents.description.name[: _NAME_LENGTH - len(end)] + end


def _resource(contents: Contents, file: DataFile) -> dict[str, Any]:
    kind = file.format
    return {
        **contents.description.resource_fields,
        "name": file.member.name,
        "format": kind.title,
        "url": contents.description.resource_url(kind),
        "mimetype": "application/zip",
        "mimetype_inner": kind.media_type,
        "hash": f"sha256:{file.member.sha256}",
        "size": file.member.size,
        "description": (
            f"{contents.tally.rows} observations as {kind.title}. The address makes the file "
            "again, in a zip; hash and size are those of the file inside."
        ),
    }


def _extras(contents: Contents) -> dict[str, str]:
    tally, asked = contents.tally, contents.asked
    version = {"lake_version": contents.lake_version} if contents.lake_version else {}
    return {
        "date_from": tally.first_day,
        "date_to": tally.last_day,
        "types": ",".join(contents.policy.narrow(asked).types) if asked.types else "any",
        "units": ",".join(asked.units) or "any",
        "rows": str(tally.rows),
        "homes": str(len(tally.homes)),
        "generated": f"{contents.generated:%Y-%m-%dT%H:%M:%SZ}",
        **version,
    }
