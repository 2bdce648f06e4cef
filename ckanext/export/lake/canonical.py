"""From the columns that a lake has to the canonical ones, and the filters on them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pyarrow as pa

from ..errors import TELL, LakeUnavailable, without_values
from ..observations import (
    COLUMNS,
    TEXT,
    TIME,
    TIMES,
    Distinct,
    Rewritten,
    each,
    mapped,
    producer_type,
    schema_of,
)
from ..query import Query, compatible
from .times import parse_times

# What stands in for a column that a lake lacks: the column it is derived from.
DERIVED_FROM = {"type": "entity_id", "unit": "attributes"}


def unit_of(attributes: str | None) -> str | None:
    """`unit_of_measurement` of an attributes text; None where there is none."""
    if not attributes or "unit_of_measurement" not in attributes:
        return None
    try:
        unit = orjson.loads(attributes).get("unit_of_measurement")
    except (ValueError, AttributeError):
        return None
    return unit if isinstance(unit, str) else None


class Columns:
    """Which columns of a lake stand for the canonical ones."""

    def __init__(self, names: Mapping[str, str], wanted: Sequence[str] = COLUMNS) -> None:
        """`names`: canonical name → the lake's own, where they differ."""
        self._names = {name: names.get(name, name) for name in COLUMNS}
        self._wanted = wanted

    def own_name(self, column: str) -> str:
        return self._names[column]

    def needed(self, present: Sequence[str]) -> list[str]:
        """The lake's own names of the columns to read."""
        derived = self.derived(present)
        sources = (DERIVED_FROM[n] if n in derived else n for n in self._wanted)
        return list(dict.fromkeys(self._names[n] for n in sources))

    def missing(self, present: Sequence[str]) -> list[str]:
        """The lake's own names of the columns it would need and does not have."""
        return sorted(set(self.needed(present)) - set(present))

    def derived(self, present: Sequence[str]) -> list[str]:
        """The canonical columns that have to be derived from others."""
        return [name for name in DERIVED_FROM if self._names[name] not in present]

    def expect(self, present: Sequence[str], place: str) -> None:
        """Raises LakeUnavailable, naming the columns that a place lacks."""
        if missing := self.missing(present):
            raise LakeUnavailable(
                f"The data lake lacks the column {', '.join(map(repr, missing))}; {TELL}",
                inside=place,
            )


class Canonical(Columns):
    """Gives a lake's batches the canonical columns and keeps the rows that a query selects."""

    def __init__(self, names: Mapping[str, str], query: Query, columns: Sequence[str]) -> None:
        """`names`: canonical name → the lake's own; `columns`: the ones wanted."""
        filtered = {
            "type": bool(query.types),
            "unit": bool(query.units),
            "last_updated": bool(query.begin or query.end),
        }
        super().__init__(names, [n for n in COLUMNS if n in columns or filtered.get(n)])
        self._columns = columns
        self._query = query
        types, units = frozenset(query.types), frozenset(map(compatible, query.units))
        self._masks: dict[str, Distinct] = {}
        if types:
            self._masks["type"] = Distinct(lambda text: text in types)
        if units:
            self._masks["unit"] = Distinct(
                lambda text: text is not None and compatible(text) in units
            )
        self._derive = {
            "type": Rewritten(each(producer_type)),
            "unit": Rewritten(each(unit_of)),
        }

    def select(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The canonical batch. Raises LakeUnavailable when a column has values of a wrong kind."""
        derived = self.derived(batch.schema.names)
        arrays: dict[str, pa.Array] = {}
        for name in self._wanted:
            if name in derived:
                source = self._read(batch, DERIVED_FROM[name])
                arrays[name] = mapped(source, self._derive[name])
            else:
                arrays[name] = self._read(batch, name)
        mask = self._mask(arrays)
        result = pa.record_batch(
            [arrays[name] for name in self._columns], schema=schema_of(self._columns)
        )
        return result if mask is None or mask.all() else result.filter(pa.array(mask))

    def _read(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        column = batch.column(self._names[name])
        try:
            return _as_time(column) if name in TIMES else _as_text(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise LakeUnavailable(
                f"The data lake's column {self._names[name]!r} has values that are no "
                + ("times" if name in TIMES else "text")
                + f"; {TELL}",
                inside=without_values(str(error)),
            ) from error

    def _mask(self, arrays: Mapping[str, pa.Array]) -> np.ndarray | None:
        masks = [mask.rows(arrays[name]) for name, mask in self._masks.items()]
        if self._query.begin or self._query.end:
            masks.append(self._during(arrays["last_updated"]))
        return np.logical_and.reduce(masks) if masks else None

    def _during(self, times: pa.TimestampArray) -> np.ndarray:
        instants = times.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
        inside = np.full(len(instants), True)
        if self._query.begin:
            inside &= instants >= _microseconds(self._query.begin)
        if self._query.end:
            inside &= instants < _microseconds(self._query.end)
        return inside & (instants != np.iinfo(np.int64).min)


def _as_text(column: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        return column if column.type == TEXT else column.cast(TEXT)
    return column.cast(pa.string()).dictionary_encode()


def _as_time(column: pa.Array) -> pa.TimestampArray:
    """Times without a zone are taken for UTC; nanoseconds are cut off."""
    if column.type == TIME:
        return column
    if _is_text(column.type):
        return parse_times(column)
    finer = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
    return column.cast(TIME, safe=not finer)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
