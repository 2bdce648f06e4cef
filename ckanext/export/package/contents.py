"""What the documents of one package tell about."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ..formats import Format
from ..formats.base import About
from ..observations import count_values, distinct_values, row_counts, span
from ..privacy import Policy
from ..query import Query

# What a person reads about each column; the units and forms are those of the files.
COLUMN_TEXTS = {
    "home": "Pseudonym of the home, the same in every export of this portal",
    "entity_id": "Home Assistant entity id: producer type, dot, object",
    "type": "Producer type, such as sensor, light or climate",
    "state": "State as recorded; empty where it was unknown or is withheld",
    "unit": "Unit of measurement of the state; empty where it has none",
    "last_changed": "When the state last changed, UTC",
    "last_updated": "Time of the observation, UTC",
    "attributes": "Other attributes of the entity as a JSON object",
}


@dataclass(frozen=True)
class Description:
    """What the portal says about its data: gathered before an export begins.

    `resource_url` gives the absolute address that makes a format's file again. `fields`, `extras`
    and `resource_fields` are what a template dataset says beyond that; `own_fields` are the names
    for which the portal's schema has a field, so that they must not stand among the extras.
    `edition`, where there is one, stands in file names instead of the day of the export.
    """

    name: str
    title: str
    resource_url: Callable[[type[Format]], str]
    notes: str = ""
    license_id: str = ""
    license_title: str = ""
    license_url: str = ""
    owner_org: str = ""
    author: str = ""
    author_email: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    dataset_type: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, str] = field(default_factory=dict)
    resource_fields: Mapping[str, Any] = field(default_factory=dict)
    own_fields: frozenset[str] = frozenset()
    edition: str = ""

    def about(self, kind: type[Format]) -> About:
        """What a file of that format says about itself, where it can."""
        return About(
            title=self.title,
            notes=self.notes,
            license=self.license_title or self.license_id,
            license_url=self.license_url,
            author=self.author,
            url=self.url,
            source=self.resource_url(kind),
        )


@dataclass(frozen=True)
class Member:
    """A file in the zip: its name, its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DataFile:
    """A member that holds observations."""

    format: type[Format]
    member: Member


@dataclass
class Tally:
    """What the exported observations are: counted as they pass by. Times are UTC.

    `content`: the sum of their fingerprints, if it is to be counted.
    """

    rows: int = 0
    homes: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    content: int | None = None

    @property
    def first_day(self) -> str:
        """UTC, `yyyy-mm-dd`; empty when no observation has a time."""
        return self.first.date().isoformat() if self.first else ""

    @property
    def last_day(self) -> str:
        return self.last.date().isoformat() if self.last else ""

    def count(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches as they are."""
        for batch in batches:
            self.rows += batch.num_rows
            self.homes.update(count_values(batch.column("home")))
            self._add_times(batch.column("last_updated"))
            if self.content is not None:
                self.content = (self.content + _fingerprint(batch)) % (1 << 64)
            yield batch

    def _add_times(self, column: pa.TimestampArray) -> None:
        if times := span(column):
            first, last = times
            self.first = min(self.first or first, first)
            self.last = max(self.last or last, last)


def _fingerprint(batch: pa.RecordBatch) -> int:
    """A number of up to 64 bits; batches of other values have another one, in whatever order the
    rows come. Fingerprints add up, and mean nothing outside of this process."""
    total = 0
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if isinstance(column, pa.DictionaryArray):
            texts = [*distinct_values(column), None]
            values = np.fromiter(map(hash, texts), np.int64, len(texts)) * row_counts(column)
        else:
            instants = column.cast(pa.int64()).fill_null(0).to_numpy()
            values = instants * instants  # or two that move apart would not be seen
        total += int(values.sum()) * (hash(name) | 1)
    return total % (1 << 64)


@dataclass(frozen=True)
class Contents:
    """Everything that the documents need; `asked` is the query as it was given, `ordered`
    whether the same query on the same lake version gives the same bytes."""

    description: Description
    asked: Query
    policy: Policy
    generated: datetime
    lake_version: str | None
    ordered: bool
    tally: Tally
    withheld: Mapping[str, int]  # column → values that leave with less than the lake has
    files: tuple[DataFile, ...]

    @property
    def stem(self) -> str:
        """`{name}_{today}` or `{name}_{edition}`, the beginning of the data files' names."""
        return stem(self.description, self.generated)


def stem(description: Description, generated: datetime) -> str:
    return f"{description.name}_{description.edition or f'{generated:%Y-%m-%d}'}"
