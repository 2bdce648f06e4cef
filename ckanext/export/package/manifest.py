"""The manifest: what was asked, what was applied, and every other member's size and hash.

It is the zip's last member, so that who finds it has the whole export.
"""

from collections.abc import Iterable
from typing import Any

from ..query import Query
from .contents import Contents, Member


def manifest(contents: Contents, members: Iterable[Member], software: str) -> dict[str, Any]:
    policy, tally = contents.policy, contents.tally
    return {
        "software": software,
        "generated": f"{contents.generated:%Y-%m-%dT%H:%M:%SZ}",
        "asked": {
            "formats": [file.format.name for file in contents.files],
            **_filters(contents.asked),
        },
        "applied": {
            "filters": _filters(policy.narrow(contents.asked)),
            "privacy": {
                "key_id": policy.key_id,
                "types": list(policy.types),
                "attributes": list(policy.attributes),
                "entity_ids": policy.entity_mode,
                "texts": policy.text_mode,
                "times": policy.time_step,
                "min_homes": policy.min_homes,
                "withheld": {
                    "rows": "all of other producer types",
                    "values": {name: contents.withheld[name] for name in sorted(contents.withheld)},
                },
            },
        },
        "lake_version": contents.lake_version,
        "ordered": contents.ordered,
        "rows": tally.rows,
        "homes": len(tally.homes),
        "members": [
            {"name": member.name, "size": member.size, "sha256": member.sha256}
            for member in members
        ],
        "complete": True,
    }


def _filters(query: Query) -> dict[str, Any]:
    return {
        "date_from": query.date_from.isoformat() if query.date_from else None,
        "date_to": query.date_to.isoformat() if query.date_to else None,
        "types": list(query.types),
        "units": list(query.units),
    }
