"""What the smallest and the largest value of a file or row group rule out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..query import Query

Bounds = tuple[Any, Any]


def may_hold(query: Query, times: Bounds | None, types: Bounds | None) -> bool:
    """Whether rows of a query's days and types may lie between the bounds of `last_updated` and
    of `type`. Bounds that are not known, or of other kinds than times and texts, exclude nothing.
    """
    return _overlaps(query, times) and _has_type(query.types, types)


def _overlaps(query: Query, times: Bounds | None) -> bool:
    if times is None or not all(isinstance(time, datetime) for time in times):
        return True
    first, last = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)
    return not (query.begin and last < query.begin) and not (query.end and first >= query.end)


def _has_type(wanted: Sequence[str], types: Bounds | None) -> bool:
    if not wanted or types is None or not all(isinstance(kind, str) for kind in types):
        return True
    return any(types[0] <= kind <= types[1] for kind in wanted)
