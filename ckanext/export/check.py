"""A look at a whole lake, in words for who administers it."""

import time
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow as pa

from .cube import COLUMNS, Cube
from .errors import LakeUnavailable, TooFewHomes
from .lake import Lake
from .lake.canonical import DERIVED_FROM
from .observations import count_values
from .privacy import Policy, Protection
from .privacy.vocabulary import listed
from .query import Query

_TOLD = 10  # problems that are told; more are counted


def check(lake: Lake, policy: Policy, seconds: float) -> Iterator[str]:
    """Sentences about what the lake has, lacks and gives, while it is read.

    Reading ends after some `seconds`; 0 reads everything. Raises LakeUnavailable for what makes
    exports fail, and TooFewHomes.
    """
    inspection = lake.inspect()
    for name, value in inspection.facts.items():
        yield f"{name}: {value}"
    for name, own in lake.columns.items():
        yield f"{name} is read from the column {own!r}"
    if inspection.problems:
        raise LakeUnavailable(_problems(inspection.problems))
    reading = _Reading(lake, policy, seconds)
    for name in inspection.derived:
        yield reading.derivation(name)
    reading.finish()
    yield from reading.tell()
    if reading.whole and reading.rows and reading.counts["homes"] < policy.min_homes:
        raise TooFewHomes(
            f"Fewer homes than {policy.min_homes} contribute, so that every export is refused; "
            "ckanext.export.privacy.min_homes sets this number."
        )
    yield "The lake is in order." if reading.whole else "As far as it was read, it is in order."


def _problems(problems: list[str]) -> str:
    more = len(problems) - _TOLD
    told = "; ".join(problems[:_TOLD]) + (f"; and {more:,} more" if more > 0 else "")
    if any("no column" in problem for problem in problems):
        told += "; ckanext.export.lake.columns tells columns that have other names"
    return f"{told}."


class _Reading:
    """All columns of a lake, read as an export would, with a watch on the lake's own time."""

    def __init__(self, lake: Lake, policy: Policy, seconds: float) -> None:
        self._policy = policy
        self._seconds = seconds
        self._scan = lake.scan(Query())
        self._batches = self._read()
        self._began = time.monotonic()
        self._first = next(self._batches, None)
        self.answered = self.spent = time.monotonic() - self._began
        self.whole = False
        self.rows = 0
        self.types = Counter[str]()
        self.counts: dict[str, Any] = {}

    def derivation(self, name: str) -> str:
        """What stands in for a column that the lake lacks, with an example."""
        source = DERIVED_FROM[name]
        what = {"type": "the part before the dot", "unit": "unit_of_measurement"}[name]
        told = f"{name} is derived from {source} ({what})"
        first = [self._first.slice(0, 1000)] if self._first else []
        for batch in Protection(self._policy).protect(first):
            for row in batch.to_pylist():
                if row[name] is not None:
                    return f"{told}: {row['entity_id']} has {row[name]!r}"
        return f"{told}; none of the first observations has one"

    def finish(self) -> None:
        try:
            counted = Cube.count(Protection(self._policy).protect(self._watched()))
            self.counts = counted.summary(Query(), min_homes=1)
        finally:
            self._scan.cancel()
            self._batches.close()
            self._scan.close()

    def tell(self) -> Iterator[str]:
        told = self.counts
        yield (
            f"The lake answered after {self.answered:.2f} s and gave {self.rows:,} observations in "
            f"{self.spent:.1f} s ({self.rows / max(self.spent, 1e-9):,.0f} a second)."
        )
        if not self.whole:
            yield (
                f"There are more; reading ended after {self._seconds:g} s. What follows is about "
                "those that were read, and --seconds 0 reads all."
            )
        yield f"observations for export: {told['rows']:,}"
        yield f"homes: {told['homes']:,}"
        if told["rows"]:
            yield f"days: {told['first_day']} to {told['last_day']} (UTC)"
        yield f"producer types: {_counted(told['types']) or 'none'}"
        staying = _staying(self.types, self._policy)
        yield f"producer types that stay in the lake: {_counted(staying) or 'none'}"
        yield f"units: {_counted(told['units']) or 'none'}"

    def _read(self) -> Generator[pa.RecordBatch, None, None]:
        yield from self._scan.batches()

    def _watched(self) -> Iterator[pa.RecordBatch]:
        batch = self._first
        while batch is not None:
            self.rows += batch.num_rows
            self.types.update(count_values(batch.column("type")))
            yield batch.select(COLUMNS)
            if self._seconds and time.monotonic() - self._began > self._seconds:
                return
            asked = time.monotonic()
            batch = next(self._batches, None)
            self.spent += time.monotonic() - asked
        self.whole = True


def _staying(types: Counter[str], policy: Policy) -> dict[str, int]:
    """Types that are not published, by name where it is one of Home Assistant's."""
    found = Counter[str]()
    for name, rows in types.items():
        if name not in policy.types:
            found[name if not name or name in listed("types") else "(other names)"] += rows
    return dict(found.most_common())


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name or '(none)'} {rows:,}" for name, rows in counts.items())
