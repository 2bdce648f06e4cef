"""What an export would hold, without making it."""

from typing import Any

from .cube import COLUMNS, Cube
from .errors import EmptyDataset
from .lake import Lake
from .privacy import Policy, Protection
from .query import Query


def summarize(lake: Lake, policy: Policy, query: Query) -> dict[str, Any]:
    """Rows, homes, first and last day, and rows per type, unit and UTC day.

    Counted on what privacy lets through. Raises LakeUnavailable and TooFewHomes.
    """
    try:
        with lake.scan(policy.narrow(query)) as scan:
            counted = Cube.count(Protection(policy).protect(scan.batches(COLUMNS)))
    except EmptyDataset:
        counted = Cube.count([])  # nothing that was asked for is published: zeros say so
    return counted.summary(Query(), policy.min_homes)
