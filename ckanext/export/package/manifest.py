"""The manifest: what was asked, what was applied, and every other member's size and hash.

It is the zip's last member, so that who finds it has the whole export.
"""

from collections.abc import Iterable
from typing import Any

from ..observations import TIMES
from ..privacy import about, types_in_words
from ..query import Query
from .contents import Contents, Member

_COUNTED = ("entity_id", "state", "unit", "attributes")  # columns with a rule of their own


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
                "words": list(policy.words),
                "texts": policy.text_mode,
                "known_texts": list(policy.texts),
                "units": list(policy.units),
                "times": policy.time_step,
                "min_homes": policy.min_homes,
                "withheld": _withheld(contents),
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


def _withheld(contents: Contents) -> dict[str, Any]:
    """By rule: the columns that it looks at, how many rows it withheld, and how many values of
    these columns it withheld or changed, all attributes of an observation being one; null where
    nobody has counted, because such rows are never read or all values are changed."""
    policy, counted = contents.policy, contents.withheld
    exact = policy.time_step == "exact"
    rules = {
        "homes": (["home"], None, contents.tally.rows),
        "types": (["entity_id", "type"], None, 0),
        **{name: ([name], 0, counted.get(name, 0)) for name in _COUNTED},
        "times": (list(TIMES), 0, 0 if exact else None),
    }
    return {
        rule: {
            "says": types_in_words(policy) if rule == "types" else about(policy, columns[0]),
            "columns": columns,
            "rows": rows,
            "values": values,
        }
        for rule, (columns, rows, values) in rules.items()
    }


def _filters(query: Query) -> dict[str, Any]:
    return {
        "date_from": query.date_from.isoformat() if query.date_from else None,
        "date_to": query.date_to.isoformat() if query.date_to else None,
        "types": list(query.types),
        "units": list(query.units),
    }
