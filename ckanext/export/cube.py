"""What a lake holds, counted so finely that every question about a part of it is answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import TooFewHomes
from .observations import DAY, distinct_values, instant, per_row
from .query import Query, compatible

COLUMNS = ("home", "entity_id", "type", "unit", "last_updated")  # what is counted

_NO_DAY = -(2**27)  # stands for no time at all; earlier than every day that microseconds reach
_EPOCH = date(1970, 1, 1).toordinal()
_SCHEMA = ("day", "type", "unit", "rows", "homes")


@dataclass(frozen=True)
class Emptiness:
    """Why nothing is left: filters (`days`, `types`, `units`) that match nothing even `alone`,
    or else those without any one of which something would be left."""

    alone: tuple[str, ...] = ()
    together: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cube:
    """A cell for each UTC day, producer type and unit: its observations and the set of its homes.

    The arrays have one entry per cell; `types` and `units` are what the codes stand for. A set of
    homes is a line of bits, one for each home of the lake: enough to count the homes of any cells
    together, and without a name. No unit is the empty text. `version` is the lake's, if any.
    """

    days: np.ndarray
    types: Sequence[str]
    type_codes: np.ndarray
    units: Sequence[str]
    unit_codes: np.ndarray
    rows: np.ndarray
    homes: np.ndarray
    version: str | None = None

    @classmethod
    def count(cls, batches: Iterable[pa.RecordBatch], version: str | None = None) -> "Cube":
        """Counts protected batches that have `COLUMNS`."""
        counter = _Counter()
        for batch in batches:
            counter.add(batch)
        return counter.cube(version)

    def summary(self, query: Query, min_homes: int) -> dict[str, Any]:
        """Rows, homes, first and last day, and rows per type, unit and UTC day of a selection.

        A type, unit or day of too few homes is not told. Raises TooFewHomes, and LakeUnavailable
        where a time is none of the years 1 to 9999.
        """
        cells = self._select(query)
        homes = self._homes(cells)
        if cells.any() and homes < min_homes:
            raise TooFewHomes(
                "Too few homes contribute to this selection for their privacy; "
                "ask for a longer period, more types or more units."
            )
        per_day = self._sums(self.days, cells, min_homes)
        per_day.pop(_NO_DAY, None)
        days = {instant(day * DAY).date().isoformat(): rows for day, rows in per_day.items()}
        return {
            "rows": int(self.rows[cells].sum()),
            "homes": homes,
            "first_day": min(days, default=None),
            "last_day": max(days, default=None),
            "types": _named(self.types, self._sums(self.type_codes, cells, min_homes)),
            "units": _named(self.units, self._sums(self.unit_codes, cells, min_homes)),
            "days": days,
        }

    def why_empty(self, query: Query) -> Emptiness:
        """Which filters of a query that matches nothing are to blame. Says no number."""
        masks = {name: mask for name, mask in self._masks(query).items() if mask is not None}
        alone = tuple(name for name, mask in masks.items() if not mask.any())
        if alone:
            return Emptiness(alone=alone)
        return Emptiness(
            together=tuple(
                name
                for name in masks
                if self._all([mask for other, mask in masks.items() if other != name]).any()
            )
        )

    def to_bytes(self) -> bytes:
        """The cube as an Arrow stream."""
        width = self.homes.shape[1]
        arrays = [
            pa.array(self.days),
            pa.DictionaryArray.from_arrays(self.type_codes, pa.array(self.types, pa.string())),
            pa.DictionaryArray.from_arrays(self.unit_codes, pa.array(self.units, pa.string())),
            pa.array(self.rows),
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(width), len(self.rows), [None, pa.py_buffer(self.homes.tobytes())]
            ),
        ]
        batch = pa.record_batch(arrays, names=list(_SCHEMA))
        if self.version is not None:
            batch = batch.replace_schema_metadata({"version": self.version})
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
            stream.write_batch(batch)
        return sink.getvalue().to_pybytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Cube":
        with pa.ipc.open_stream(stored) as stream:
            batch = stream.read_next_batch()
        version = (batch.schema.metadata or {}).get(b"version")
        kinds, units, homes = (batch.column(name) for name in ("type", "unit", "homes"))
        width = homes.type.byte_width
        bits = np.frombuffer(homes.buffers()[1] or b"", np.uint8)[: len(batch) * width]
        return cls(
            days=batch.column("day").to_numpy(),
            types=kinds.dictionary.to_pylist(),
            type_codes=kinds.indices.to_numpy(),
            units=units.dictionary.to_pylist(),
            unit_codes=units.indices.to_numpy(),
            rows=batch.column("rows").to_numpy(),
            homes=bits.reshape(len(batch), width),
            version=None if version is None else version.decode(),
        )

    def _select(self, query: Query) -> np.ndarray:
        return self._all([mask for mask in self._masks(query).values() if mask is not None])

    def _all(self, masks: list[np.ndarray]) -> np.ndarray:
        return np.logical_and.reduce([np.full(len(self.rows), True), *masks])

    def _masks(self, query: Query) -> dict[str, np.ndarray | None]:
        """The cells that each filter lets through; None where there is no such filter."""
        units = set(map(compatible, query.units))
        kinds = [place for place, name in enumerate(self.types) if name in query.types]
        wanted = [place for place, unit in enumerate(self.units) if compatible(unit) in units]
        return {
            "days": self._during(query) if query.date_from or query.date_to else None,
            "types": np.isin(self.type_codes, kinds) if query.types else None,
            "units": np.isin(self.unit_codes, wanted) if units else None,
        }

    def _during(self, query: Query) -> np.ndarray:
        inside = self.days != _NO_DAY
        if query.date_from:
            inside &= self.days >= query.date_from.toordinal() - _EPOCH
        if query.date_to:
            inside &= self.days <= query.date_to.toordinal() - _EPOCH
        return inside

    def _homes(self, cells: np.ndarray) -> int:
        together = np.bitwise_or.reduce(self.homes[cells], axis=0)
        return int(np.unpackbits(together).sum())

    def _sums(self, numbers: np.ndarray, cells: np.ndarray, min_homes: int) -> dict[int, int]:
        """The rows of the cells by their numbers, without those of fewer homes."""
        order = np.flatnonzero(cells)
        order = order[np.argsort(numbers[order], kind="stable")]
        found, starts = np.unique(numbers[order], return_index=True)
        if not len(found):
            return {}
        told = np.full(len(found), True)
        if min_homes > 1:
            homes = np.bitwise_or.reduceat(self.homes[order], starts, axis=0)
            told = np.unpackbits(homes, axis=1).sum(axis=1) >= min_homes
        sums = np.add.reduceat(self.rows[order], starts)
        return dict(zip(found[told].tolist(), sums[told].tolist(), strict=True))


def _named(names: Sequence[str], sums: dict[int, int]) -> dict[str, int]:
    """By name, the most first."""
    pairs = sorted(sums.items(), key=lambda pair: -pair[1])
    return {names[number]: rows for number, rows in pairs}


class _Counter:
    """Counts batch after batch. Texts are numbered in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {"home": {}, "type": {}, "unit": {}}
        self._rows: dict[tuple[int, int, int], int] = {}
        self._homes: dict[tuple[int, int, int], int] = {}  # sets of homes as bits

    def add(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        days = _days(batch.column("last_updated"))
        homes, kinds, units = (self._places(batch, name) for name in self._numbers)
        many_homes, many_kinds, many_units = map(len, self._numbers.values())
        first = int(days.min())
        cells = ((days - first) * many_kinds + kinds) * many_units + units
        found, counts = np.unique(cells * many_homes + homes, return_counts=True)
        cells, homes = np.divmod(found, many_homes)
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        rows = np.add.reduceat(counts, starts).tolist()
        for start, end, total in zip(starts, [*starts[1:], len(cells)], rows, strict=True):
            rest, unit = divmod(int(cells[start]), many_units)
            day, kind = divmod(rest, many_kinds)
            cell = (day + first, kind, unit)
            self._rows[cell] = self._rows.get(cell, 0) + total
            self._homes[cell] = self._homes.get(cell, 0) | _bits(homes[start:end], many_homes)

    def _places(self, batch: pa.RecordBatch, name: str) -> np.ndarray:
        column, numbers = batch.column(name), self._numbers[name]
        texts = [text or "" for text in (*distinct_values(column), None)]
        if not column.indices.null_count:
            texts[-1] = texts[0]  # nobody has it: it need not have a number
        places = [numbers.setdefault(text, len(numbers)) for text in texts]
        return per_row(np.array(places), column)

    def cube(self, version: str | None) -> Cube:
        cells = np.array(list(self._rows), np.int64).reshape(-1, 3)
        width = max(1, -(-len(self._numbers["home"]) // 8))
        bits = b"".join(homes.to_bytes(width, "little") for homes in self._homes.values())
        return Cube(
            days=cells[:, 0],
            types=list(self._numbers["type"]),
            type_codes=cells[:, 1].astype(np.int32),
            units=list(self._numbers["unit"]),
            unit_codes=cells[:, 2].astype(np.int32),
            rows=np.array(list(self._rows.values()), np.int64),
            homes=np.frombuffer(bits, np.uint8).reshape(len(cells), width),
            version=version,
        )


def _days(times: pa.TimestampArray) -> np.ndarray:
    """Days since 1970 (UTC), `_NO_DAY` where there is no time."""
    days = times.cast(pa.int64()).fill_null(0).to_numpy() // DAY
    if times.null_count:
        days[times.is_null().to_numpy(zero_copy_only=False)] = _NO_DAY
    return days


def _bits(numbers: np.ndarray, size: int) -> int:
    """A set of numbers below `size` as one integer."""
    members = np.zeros(size, bool)
    members[numbers] = True
    return int.from_bytes(np.packbits(members, bitorder="little").tobytes(), "little")
