"""What an export would hold, without making it."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import EmptyDataset, TooFewHomes
from .lake import Lake
from .observations import DAY, count_values, instant
from .privacy import Policy, Protection
from .query import Query

SUMMARIZED = ("home", "entity_id", "type", "unit", "last_updated")


def summarize(lake: Lake, policy: Policy, query: Query) -> dict[str, Any]:
    """Rows, homes, first and last day, and rows per type, unit and UTC day.

    Counted on what privacy lets through. Raises LakeUnavailable and TooFewHomes.
    """
    counts = Counts()
    try:
        with lake.scan(policy.narrow(query)) as scan:
            for batch in Protection(policy).protect(scan.batches(SUMMARIZED)):
                counts.add(batch)
    except EmptyDataset:
        pass  # nothing that was asked for is published: zeros say so
    if counts.rows and len(counts.homes) < policy.min_homes:
        raise TooFewHomes("Too few homes contribute to this selection for their privacy.")
    return counts.result()


class Counts:
    """Grows with batches of the columns that are summarized."""

    def __init__(self) -> None:
        self.rows = 0
        self.homes: set[str] = set()
        self.types: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.days: Counter[int] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        self.homes.update(count_values(batch.column("home")))
        self.types.update(count_values(batch.column("type")))
        self.units.update(count_values(batch.column("unit")))
        instants = batch.column("last_updated").drop_null().cast(pa.int64()).to_numpy()
        days, numbers = np.unique(instants // DAY, return_counts=True)
        self.days.update(dict(zip(days.tolist(), numbers.tolist(), strict=True)))

    def result(self) -> dict[str, Any]:
        days = {instant(day * DAY).date().isoformat(): self.days[day] for day in sorted(self.days)}
        return {
            "rows": self.rows,
            "homes": len(self.homes),
            "first_day": min(days, default=None),
            "last_day": max(days, default=None),
            "types": dict(self.types.most_common()),
            "units": dict(self.units.most_common()),
            "days": days,
        }
