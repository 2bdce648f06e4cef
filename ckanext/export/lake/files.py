"""A folder of files, by UTC day of `last_updated`: `date=2022-06-20/*.parquet`.

Read by pyarrow and not by a SQL engine, because Parquet already holds texts as dictionaries:
handed on as they are they cost a fifth of what rendering and encoding them again does.
"""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import chain

import pyarrow as pa
from pyarrow import fs

from ..ahead import in_turn
from ..errors import TELL, LakeUnavailable
from ..observations import COLUMNS
from ..query import Query
from .base import Inspection, Lake, Scan
from .canonical import DERIVED_FROM, Canonical, Columns
from .csv import CsvPart
from .ndjson import NdjsonPart
from .parquet import ParquetPart
from .part import Part
from .storage import STORES, Storage, in_time

PARTS: tuple[type[Part], ...] = (ParquetPart, CsvPart, NdjsonPart)

# Files far away that are looked at at once, where waiting is most of it: as many as pyarrow keeps
# connections; and those that are read at once.
_LOOKED_AT, _READ = 24, 3


class FileLake(Lake):
    """Files of one kind in a folder or below it, on a disk or in an object store."""

    def __init__(self, url: str, columns: Mapping[str, str], table: str, storage: Storage) -> None:
        super().__init__(url, columns, table, storage)
        if url.partition("://")[0] in STORES:
            self._system, self._root = storage.filesystem(url)
            return
        try:
            self._system, self._root = fs.FileSystem.from_uri(url)
        except (pa.ArrowInvalid, OSError):
            self._system, self._root = fs.LocalFileSystem(), url

    def scan(self, query: Query) -> "FileScan":
        parts = [part for part in self._parts() if _may_hold(part.path[len(self._root) :], query)]
        canonical = Canonical(self.columns, query, COLUMNS)
        for part, error in self._peeked(parts):
            if error:
                raise error
            if part.columns:
                canonical.expect(part.columns, part.path)
        return FileScan(parts, self.columns, query, self.storage, self._version(parts))

    def inspect(self) -> Inspection:
        parts = self._parts()
        problems, lacking = [], dict[str, list[Part]]()
        columns = Columns(self.columns)
        for part, error in self._peeked(parts):
            if error:
                problems.append(f"{part.path} cannot be read: {error.inside}")
            elif part.columns:
                for name in columns.missing(part.columns):
                    lacking.setdefault(name, []).append(part)
        for name, without in lacking.items():
            others = f", and {len(without) - 1:,} other files lack it" if without[1:] else ""
            problems.append(f"{without[0].path} has no column {name!r}{others}")
        derived = {name: self._without(name, parts) for name in DERIVED_FROM}
        facts = {
            "kind": f"{parts[0].kind} files",
            "place": self._root,
            "files": f"{len(parts):,}",
            "size": f"{sum(part.size for part in parts) / 1e6:,.1f} MB",
            "version": self._version(parts),
            "observations in the lake": f"{sum(part.rows for part in parts):,}",
            "columns": ", ".join(sorted({name for part in parts for name in part.columns})),
            "derived columns": ", ".join(told for told in derived.values() if told) or "none",
        }
        if not parts[0].counted:
            del facts["observations in the lake"]
        return Inspection(facts, problems, [name for name, told in derived.items() if told])

    def _without(self, name: str, parts: Sequence[Part]) -> str:
        """A column's name if it has to be derived, and in how many files if not in all."""
        own = self.columns.get(name, name)
        readable = [part for part in parts if part.columns]
        without = sum(own not in part.columns for part in readable)
        if without in (0, len(readable)):
            return name if without else ""
        return f"{name} (in {without:,} of {len(readable):,} files)"

    def _parts(self) -> list[Part]:
        """The lake's files, none of which has been opened, in the order of their names."""
        below = fs.FileSelector(self._root, recursive=True)
        try:
            if isinstance(self._system, fs.LocalFileSystem):
                found = self._system.get_file_info(below)
            else:
                found = in_time(lambda: self._system.get_file_info(below))
        except OSError as error:
            raise LakeUnavailable(
                f"The data lake cannot be reached; {TELL}", inside=self.storage.hide(str(error))
            ) from None
        parts = [
            kind(self._system, file)
            for file in sorted(found, key=lambda file: file.path)
            if file.is_file and not _hidden(file.path, self._root)
            for kind in PARTS
            if file.path.lower().endswith(kind.suffixes)
        ]
        if not parts:
            raise LakeUnavailable(
                f"The data lake is empty; {TELL}",
                inside=f"no {_endings()} below {self._root}",
            )
        kinds = dict.fromkeys(part.kind for part in parts)
        if len(kinds) > 1:
            raise LakeUnavailable(
                f"The data lake mixes files of several kinds; {TELL}",
                inside=f"{self._root} holds {' and '.join(kinds)} files: keep one kind, and give "
                "the others or their folders a name that begins with an underscore",
            )
        return parts

    def _peeked(self, parts: Sequence[Part]) -> Iterator[tuple[Part, LakeUnavailable | None]]:
        """The parts after a look at each, and why that failed."""
        if not parts or parts[0].near:
            yield from ((part, self._peek(part)) for part in parts)
            return
        with ThreadPoolExecutor(_LOOKED_AT) as pool:
            yield from zip(parts, pool.map(self._peek, parts), strict=True)

    def _peek(self, part: Part) -> LakeUnavailable | None:
        try:
            part.peek()
        except LakeUnavailable as error:
            return error
        except (pa.ArrowException, OSError) as error:
            return part.damaged(self.storage.hide(str(error)))
        return None

    def _version(self, parts: Sequence[Part]) -> str:
        """The same as long as the same files are the same."""
        names = (f"{part.path[len(self._root) :]}\0{part.stamp}\n" for part in parts)
        return f"files-{hashlib.sha256(''.join(names).encode()).hexdigest()[:16]}"


class FileScan(Scan):
    """The files as they were when the scan began; one that has changed since ends the pass."""

    def __init__(
        self,
        parts: Sequence[Part],
        names: Mapping[str, str],
        query: Query,
        storage: Storage,
        version: str,
    ) -> None:
        self.version = version
        self._parts = parts
        self._names = names
        self._query = query
        self._storage = storage
        self._cancelled = False

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._names, self._query, columns)
        sources = (self._read(part, canonical) for part in self._parts)
        near = all(part.near for part in self._parts)
        for batch in chain.from_iterable(sources) if near else in_turn(sources, _READ):
            if self._cancelled:
                raise LakeUnavailable("The export was ended.")
            if (selected := canonical.select(batch)).num_rows:
                yield selected

    def _read(self, part: Part, canonical: Canonical) -> Generator[pa.RecordBatch, None, None]:
        try:
            yield from part.batches(canonical, self._query)
        except (pa.ArrowException, OSError) as error:
            raise part.damaged(self._storage.hide(str(error))) from None

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        pass  # a pass holds one file open, and closes it when it ends


def _endings() -> str:
    return ", ".join(f"*{suffix}" for kind in PARTS for suffix in kind.suffixes)


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
