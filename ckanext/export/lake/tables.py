"""Tables of which a log says what Parquet files they are made of: Delta, Iceberg.

The drivers read the log and nothing else. They would give the rows too, but as plain texts, in no
certain order, or a whole file at once; read here, in the order of the files' paths, Parquet's
dictionaries are handed on as they are, and no more than a batch is in memory.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import TELL, LakeUnavailable, without_values
from ..observations import COLUMNS, TIMES
from ..query import Query
from .base import Inspection, Lake, Scan
from .canonical import Canonical, Columns
from .parquet import read_row_groups, row_groups

_LOOKING = 16  # files that are looked for at once; an object store answers slowly, but many
NO_ROWS = np.empty(0, np.int64)


@dataclass(frozen=True)
class TableFile:
    """A Parquet file that is a part of a table.

    `own_names` says, given the file's schema, which of its columns are which of the table's;
    those that are neither there nor in `constants` are null. `deleted` are the places of the
    rows that the table has no more, ascending.
    """

    path: str
    size: int
    own_names: Callable[[pa.Schema], Mapping[str, str]]
    constants: Mapping[str, Any] = field(default_factory=dict)
    deleted: np.ndarray = field(default_factory=lambda: NO_ROWS)
    rows: int | None = None  # the deleted ones included; None where the log does not say


@dataclass(frozen=True)
class Snapshot:
    """One version of a table: its columns, and those of its files that a query needs."""

    version: str | None
    columns: Sequence[str]
    files: Sequence[TableFile]
    open: Callable[[str], pa.NativeFile]  # raises OSError
    near: bool  # whether a read costs nothing but the bytes


class TableLake(Lake):
    """A table in one version; what is committed later is for the next export."""

    kind: str

    @abstractmethod
    def snapshot(self, query: Query) -> Snapshot:
        """The table as it is now. Raises LakeUnavailable."""

    @property
    def address(self) -> str:
        """What the URL says after the kind of lake."""
        return self.url.partition("+")[2]

    @property
    def place(self) -> str:
        """Where the table is, without what opens it."""
        parts = urlsplit(self.address)
        user, _, host = parts.netloc.rpartition("@")
        netloc = host if ":" in user else parts.netloc
        return f"{parts.scheme}://{netloc}{parts.path}"

    def hide(self, text: str) -> str:
        """A driver's words without what opens the lake."""
        return self.storage.hide(text)

    def scan(self, query: Query) -> "TableScan":
        return TableScan(self.snapshot(query), self, query)

    def inspect(self) -> Inspection:
        snapshot = self.snapshot(Query())
        present = snapshot.columns
        columns = Columns(self.columns)
        problems = [f"{self.place} has no column {name!r}" for name in columns.missing(present)]
        problems += [_missing(file, self.hide(why)) for file, why in _lost(snapshot)]
        facts = {
            "kind": self.kind,
            "place": self.place,
            "version": snapshot.version or "none yet",
            "files": f"{len(snapshot.files):,}",
            "size": f"{sum(file.size for file in snapshot.files) / 1e6:,.1f} MB",
            "observations in the lake": _count(snapshot.files),
            "columns": ", ".join(present),
            "derived columns": ", ".join(columns.derived(present)) or "none",
        }
        return Inspection(facts, problems)


class TableScan(Scan):
    """The files of one version of a table, whatever is committed meanwhile."""

    def __init__(self, snapshot: Snapshot, lake: TableLake, query: Query) -> None:
        self._snapshot = snapshot
        self._files = sorted(snapshot.files, key=lambda file: file.path)
        self._lake = lake
        self._query = query
        self._cancelled = False
        self.version = snapshot.version
        Canonical(lake.columns, query, COLUMNS).expect(snapshot.columns, lake.place)
        for file, why in _lost(snapshot):
            raise _gone(file, lake.hide(why))

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._lake.columns, self._query, columns)
        for file in self._files:
            try:
                yield from self._read(file, canonical)
            except FileNotFoundError as error:
                raise _gone(file, self._lake.hide(str(error))) from None
            except (pa.ArrowException, OSError) as error:
                raise LakeUnavailable(
                    f"A file of the data lake cannot be read; {TELL}",
                    inside=f"{file.path}: {without_values(self._lake.hide(str(error)))}",
                ) from None

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        pass  # a pass holds one file open, and closes it when it ends

    def _read(self, file: TableFile, canonical: Canonical) -> Iterator[pa.RecordBatch]:
        wanted = canonical.needed(self._snapshot.columns)
        with self._snapshot.open(file.path) as opened:
            footer = pq.read_metadata(opened)
            names = file.own_names(footer.schema.to_arrow_schema())
            own = {name: names[name] for name in wanted if name in names}
            texts = [own[name] for name in _texts(canonical) if name in own]
            for group, first in self._row_groups(footer, names, canonical):
                for batch in read_row_groups(
                    opened, footer, [group], list(own.values()), texts, self._snapshot.near
                ):
                    if self._cancelled:
                        raise LakeUnavailable("The export was ended.")
                    table = _as_table(batch, wanted, own, file.constants)
                    selected = canonical.select(_without(table, file.deleted, first))
                    first += batch.num_rows
                    if selected.num_rows:
                        yield selected

    def _row_groups(
        self, footer: pq.FileMetaData, names: Mapping[str, str], canonical: Canonical
    ) -> Iterator[tuple[int, int]]:
        """The row groups that may hold what is asked for, and the place of their first row."""
        sizes = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
        firsts = [0, *accumulate(sizes)]
        time, kind = (names.get(canonical.own_name(name), "") for name in ("last_updated", "type"))
        for number in row_groups(footer, time, kind, self._query):
            yield number, firsts[number]


def ids_of(schema: pa.Schema) -> dict[int, str]:
    """The columns of a file by the ids that some tables know them by."""
    told = {field.name: (field.metadata or {}).get(b"PARQUET:field_id") for field in schema}
    return {int(number): name for name, number in told.items() if number}


def _texts(canonical: Canonical) -> list[str]:
    return [canonical.own_name(name) for name in COLUMNS if name not in TIMES]


def _as_table(
    batch: pa.RecordBatch,
    wanted: Sequence[str],
    own: Mapping[str, str],
    constants: Mapping[str, Any],
) -> pa.RecordBatch:
    """The batch with the table's columns instead of the file's."""
    arrays = [
        batch.column(own[name]) if name in own else _constant(constants.get(name), batch.num_rows)
        for name in wanted
    ]
    return pa.record_batch(arrays, names=list(wanted))


def _constant(value: Any, rows: int) -> pa.Array:
    """The same value in every row, and not written more than once where it is a text."""
    if not isinstance(value, str):
        return pa.nulls(rows) if value is None else pa.repeat(value, rows)
    indices = pa.array(np.zeros(rows, np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))


def _without(batch: pa.RecordBatch, deleted: np.ndarray, first: int) -> pa.RecordBatch:
    """The batch, whose first row is the file's row of that place, without the deleted rows."""
    begin, end = np.searchsorted(deleted, (first, first + batch.num_rows))
    if begin == end:
        return batch
    kept = np.full(batch.num_rows, True)
    kept[deleted[begin:end] - first] = False
    return batch.filter(pa.array(kept))


def _lost(snapshot: Snapshot) -> Iterator[tuple[TableFile, str]]:
    """The files that are not there, or not as long as the log says, and why."""

    def look(file: TableFile) -> str:
        try:
            with snapshot.open(file.path) as opened:
                size = opened.size()
        except OSError as error:
            return str(error)
        return "" if size == file.size else f"it has {size:,} bytes instead of {file.size:,}"

    with ThreadPoolExecutor(_LOOKING) as looking:
        for file, why in zip(snapshot.files, looking.map(look, snapshot.files), strict=True):
            if why:
                yield file, why


def _missing(file: TableFile, why: str) -> str:
    return f"{file.path} is missing or damaged: {why}"


def _gone(file: TableFile, why: str) -> LakeUnavailable:
    return LakeUnavailable(
        "A file of the data lake is gone or damaged, perhaps because the table was cleaned up; "
        f"ask again, and if that does not help, {TELL}",
        inside=f"{file.path}: {why}",
    )


def _count(files: Sequence[TableFile]) -> str:
    if any(file.rows is None for file in files):
        return "not counted by the table"
    return f"{sum((file.rows or 0) - len(file.deleted) for file in files):,}"
