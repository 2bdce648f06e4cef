"""A folder of Parquet files, by UTC day of `last_updated`: `date=2022-06-20/*.parquet`.

Read by pyarrow and not by a SQL engine, because Parquet already holds texts as dictionaries:
handed on as they are they cost a fifth of what rendering and encoding them again does.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from ..errors import TELL, LakeUnavailable
from ..observations import COLUMNS, TIMES
from ..query import Query
from .base import Inspection, Lake, Scan
from .canonical import DERIVED_FROM, Canonical
from .storage import Storage

_ROWS = 131_072  # of a batch: what is done once per distinct value is done once per batch
_BYTES = 16 << 20  # of a batch, about
_READ_BUFFER = 1 << 20  # bytes; keeps a pass from loading whole row groups of wide texts
_MAGIC = b"PAR1"


class FileLake(Lake):
    """The embedded default: Parquet files in a folder, or in any of its sub-folders."""

    def __init__(self, url: str, columns: Mapping[str, str], table: str, storage: Storage) -> None:
        super().__init__(url, columns, table, storage)
        try:
            self._system, self._root = fs.FileSystem.from_uri(url)
        except (pa.ArrowInvalid, OSError):
            self._system, self._root = fs.LocalFileSystem(), url

    def scan(self, query: Query) -> "FileScan":
        files = [file for file in self._files() if _may_hold(file.path[len(self._root) :], query)]
        for file in files:
            self._expect_parquet(file)
        return FileScan(self._system, files, self.columns, query)

    def inspect(self) -> Inspection:
        files = self._files()
        rows, problems, columns = 0, [], set[str]()
        for file in files:
            try:
                self._expect_parquet(file)
                footer = pq.read_metadata(file.path, filesystem=self._system)
            except (LakeUnavailable, pa.ArrowException, OSError) as error:
                problems.append(f"{file.path} is damaged: {getattr(error, 'inside', error)}")
                continue
            rows += footer.num_rows
            present = footer.schema.to_arrow_schema().names
            columns |= set(present)
            missing = Canonical(self.columns, Query(), COLUMNS).missing(present)
            problems += [f"{file.path} has no column {name!r}" for name in missing]
        derived = [n for n in DERIVED_FROM if self.columns.get(n, n) not in columns]
        facts = {
            "kind": "Parquet files",
            "place": self._root,
            "files": f"{len(files):,}",
            "size": f"{sum(file.size for file in files) / 1e6:,.1f} MB",
            "observations in the lake": f"{rows:,}",
            "columns": ", ".join(sorted(columns)),
            "derived columns": ", ".join(derived) or "none",
        }
        return Inspection(facts, problems)

    def _files(self) -> list[fs.FileInfo]:
        try:
            found = self._system.get_file_info(fs.FileSelector(self._root, recursive=True))
        except OSError as error:
            raise LakeUnavailable(
                f"The data lake cannot be reached; {TELL}", inside=str(error)
            ) from error
        files = [file for file in found if file.is_file and file.extension == "parquet"]
        files = [file for file in files if not _hidden(file.path, self._root)]
        if not files:
            raise LakeUnavailable(
                f"The data lake is empty; {TELL}", inside=f"no *.parquet below {self._root}"
            )
        return sorted(files, key=lambda file: file.path)

    def _expect_parquet(self, file: fs.FileInfo) -> None:
        """A file that was cut short or never was Parquet is found before the first byte leaves."""
        try:
            with self._system.open_input_file(file.path) as opened:
                whole = file.size >= 12 and opened.read_at(4, 0) == _MAGIC
                whole = whole and opened.read_at(4, file.size - 4) == _MAGIC
        except OSError as error:
            raise LakeUnavailable(
                f"The data lake cannot be read; {TELL}", inside=str(error)
            ) from error
        if not whole:
            raise _damaged(file.path, "it does not begin and end as Parquet does")


class FileScan(Scan):
    """The files as they were when the scan began; one that has changed since ends the pass."""

    def __init__(
        self,
        system: fs.FileSystem,
        files: Sequence[fs.FileInfo],
        names: Mapping[str, str],
        query: Query,
    ) -> None:
        self._system = system
        self._files = files
        self._names = names
        self._query = query
        self._cancelled = False

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        for file in self._files:
            try:
                yield from self._read(file, canonical)
            except (pa.ArrowException, OSError) as error:
                raise _damaged(file.path, str(error)) from error

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        pass  # a pass holds one file open, and closes it when it ends

    def _read(self, file: fs.FileInfo, canonical: Canonical) -> Iterator[pa.RecordBatch]:
        self._expect_unchanged(file)
        with self._system.open_input_file(file.path) as opened:
            footer = pq.read_metadata(opened)
            present = footer.schema.to_arrow_schema().names
            canonical.expect(present, file.path)
            groups = self._row_groups(footer, canonical)
            if not groups:
                return
            texts = [canonical.own_name(name) for name in COLUMNS if name not in TIMES]
            parquet = pq.ParquetFile(
                opened,
                metadata=footer,
                read_dictionary=[name for name in texts if name in _columns(footer)],
                buffer_size=_READ_BUFFER,
                page_checksum_verification=True,
            )
            # One thread: the others are busy with encoding and compressing.
            batches = parquet.iter_batches(
                _rows(footer), groups, canonical.needed(present), use_threads=False
            )
            for batch in batches:
                if self._cancelled:
                    raise LakeUnavailable("The export was ended.")
                if (selected := canonical.select(batch)).num_rows:
                    yield selected

    def _expect_unchanged(self, file: fs.FileInfo) -> None:
        now = self._system.get_file_info(file.path)
        if (now.size, now.mtime_ns) != (file.size, file.mtime_ns):
            raise LakeUnavailable(
                "The data lake changed while it was read; ask again.", inside=file.path
            )

    def _row_groups(self, footer: pq.FileMetaData, canonical: Canonical) -> list[int]:
        """The row groups whose statistics do not rule the query out."""
        places = _columns(footer)
        time = places.get(canonical.own_name("last_updated"))
        kind = places.get(canonical.own_name("type"))
        groups = []
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            if time is not None and not self._overlaps(_bounds(group, time)):
                continue
            if kind is not None and not self._has_type(_bounds(group, kind)):
                continue
            groups.append(number)
        return groups

    def _overlaps(self, bounds: tuple[Any, Any] | None) -> bool:
        if bounds is None or not all(isinstance(bound, datetime) for bound in bounds):
            return True
        first, last = (b if b.tzinfo else b.replace(tzinfo=UTC) for b in bounds)
        begin, end = self._query.begin, self._query.end
        return not (begin and last < begin) and not (end and first >= end)

    def _has_type(self, bounds: tuple[Any, Any] | None) -> bool:
        if bounds is None or not self._query.types or not isinstance(bounds[0], str):
            return True
        return any(bounds[0] <= kind <= bounds[1] for kind in self._query.types)


def _columns(footer: pq.FileMetaData) -> dict[str, int]:
    """The places of the columns that are no nested ones."""
    return {footer.schema.column(number).path: number for number in range(footer.num_columns)}


def _rows(footer: pq.FileMetaData) -> int:
    """Rows of a batch, so that one of wide texts has about as many bytes as others."""
    size = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    return min(_ROWS, max(1, _BYTES * footer.num_rows // max(1, size)))


def _bounds(group: pq.RowGroupMetaData, column: int) -> tuple[Any, Any] | None:
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    try:
        return statistics.min, statistics.max
    except (ValueError, OverflowError):  # times that Python's datetime cannot hold
        return None


def _may_hold(path: str, query: Query) -> bool:
    """Whether the day of a `date=yyyy-mm-dd` folder, where there is one, is asked for."""
    for part in path.split("/"):
        name, _, value = part.partition("=")
        if name == "date":
            try:
                day = date.fromisoformat(value)
            except ValueError:
                continue
            return not (query.date_from and day < query.date_from) and not (
                query.date_to and day > query.date_to
            )
    return True


def _hidden(path: str, root: str) -> bool:
    """Engines keep their own files under names that begin with a dot or an underscore."""
    return any(part.startswith((".", "_")) for part in path[len(root) :].split("/"))


def _damaged(path: str, why: str) -> LakeUnavailable:
    return LakeUnavailable(f"A file of the data lake is damaged; {TELL}", inside=f"{path}: {why}")
