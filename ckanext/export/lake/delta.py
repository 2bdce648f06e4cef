"""A Delta table: `delta+file:///srv/lake`, `delta+s3://bucket/lake`, `delta+gs://…`, …"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
from pyarrow import fs

from ..errors import TELL, LakeUnavailable
from ..query import Query
from .base import load_driver
from .statistics import Bounds, may_hold
from .storage import STORES
from .tables import NO_ROWS, Snapshot, TableFile, TableLake, ids_of

# What a table may demand of its readers: it is done here or by the driver, or does not concern
# columns of texts and times.
_KNOWN = {
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantType",
    "variantType-preview",
}
_READER_VERSION = 3
_MAPPING = "delta.columnMapping"
_COARSE = timedelta(milliseconds=1)  # the log cuts its times off to milliseconds
# A store that does not answer costs a visitor these, not the minutes that the driver would take.
_PATIENCE = {
    "connect_timeout": "2s",
    "timeout": "30s",
    "max_retries": "2",
    "retry_timeout": "10s",
}

Action = Mapping[str, Any]


class DeltaLake(TableLake):
    """The files stand in the log, with statistics that tell which of them a query needs."""

    kind = "Delta table"

    def snapshot(self, query: Query) -> Snapshot:
        with self._told():
            table = self._table()
            columns, actions, deleted = _Columns(table), _actions(table), _deleted(table)
        time, kind = (self.columns.get(name, name) for name in ("last_updated", "type"))
        files = [
            _file(action, columns, deleted.get(_path(action), NO_ROWS))
            for action in actions
            if may_hold(query, columns.bounds(action, time), columns.bounds(action, kind))
        ]
        if lost := set(deleted).difference(map(_path, actions)):
            raise _unreadable(f"there is no file for the deletion vectors of {sorted(lost)}")
        return Snapshot(
            version=str(table.version()),
            columns=columns.names,
            files=files,
            open=self._system().open_input_file,
            near=self._near,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        failures = load_driver("deltalake.exceptions", "delta")
        try:
            yield
        except (failures.DeltaError, pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self.hide(str(error))) from None

    def _table(self) -> Any:
        deltalake = load_driver("deltalake", "delta")
        table = deltalake.DeltaTable(self._address(), storage_options=self._options())
        _expect_known(table)
        return table

    def _system(self) -> fs.FileSystem:
        """The table's folder. The driver's own way to open files would do for every store, but
        keeps all of Python waiting for each answer."""
        if self._near:
            return fs.SubTreeFileSystem(self._address(), fs.LocalFileSystem())
        if urlsplit(self.place).scheme in STORES:
            system, root = self.storage.filesystem(self.place)
            return fs.SubTreeFileSystem(root, system)
        stores = load_driver("deltalake.fs", "delta")
        return fs.PyFileSystem(stores.DeltaStorageHandler(self._address(), self._options()))

    @property
    def _near(self) -> bool:
        return urlsplit(self.place).scheme == "file"

    def _address(self) -> str:
        return unquote(urlsplit(self.place).path) if self._near else self.place

    def _options(self) -> dict[str, str]:
        return self.storage.object_store() | _PATIENCE


class _Columns:
    """A table's columns, and what they are called in its files and in its log."""

    def __init__(self, table: Any) -> None:
        metadata = table.metadata()
        fields = table.schema().fields
        mode = metadata.configuration.get(f"{_MAPPING}.mode", "none")
        told = {field.name: field.metadata if mode != "none" else {} for field in fields}
        self.names = list(told)
        self.partition = metadata.partition_columns
        self._physical = {n: data.get(f"{_MAPPING}.physicalName", n) for n, data in told.items()}
        self._ids = {n: int(data[f"{_MAPPING}.id"]) for n, data in told.items() if mode == "id"}

    def own_names(self, schema: pa.Schema) -> dict[str, str]:
        if self._ids:
            found = ids_of(schema)
            own = {name: found[number] for name, number in self._ids.items() if number in found}
        else:
            present = set(schema.names)
            own = {name: there for name, there in self._physical.items() if there in present}
        return {name: there for name, there in own.items() if name not in self.partition}

    def bounds(self, action: Action, name: str) -> Bounds | None:
        if name in self.partition:
            value = action[f"partition.{name}"]
            return None if value is None else (value, value)
        own = self._physical.get(name, name)
        first, last = action.get(f"min.{own}"), action.get(f"max.{own}")
        if first is None or last is None:
            return None
        try:
            return first, last + _COARSE if isinstance(last, datetime) else last
        except OverflowError:  # the end of the year 9999
            return None


def _actions(table: Any) -> list[Action]:
    """What the log says about each file; no statistics where Python cannot hold their times."""
    told = pa.table(table.get_add_actions(flatten=True))
    try:
        return told.to_pylist()
    except (ValueError, OverflowError):
        bounds = [name for name in told.column_names if name.startswith(("min.", "max."))]
        return told.drop_columns(bounds).to_pylist()


def _file(action: Action, columns: _Columns, deleted: np.ndarray) -> TableFile:
    return TableFile(
        path=_path(action),
        size=action["size_bytes"],
        own_names=columns.own_names,
        constants={name: action[f"partition.{name}"] for name in columns.partition},
        deleted=deleted,
        rows=action["num_records"],
    )


def _path(action: Action) -> str:
    """A file's path in the table's folder; the log has it as a part of a URL."""
    path = unquote(action["path"])
    if path.startswith("/") or urlsplit(path).scheme:
        raise _unreadable(f"{path} is not in the table's folder, as in a shallow clone")
    return path


def _deleted(table: Any) -> dict[str, np.ndarray]:
    """The places of deleted rows by file, for the files that have such."""
    if "deletionVectors" not in (table.protocol().reader_features or ()):
        return {}
    root = unquote(table.table_uri).rstrip("/") + "/"
    rows: dict[str, np.ndarray] = {}
    for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
        for path, kept in zip(*batch.columns, strict=True):
            mask = kept.values.to_numpy(zero_copy_only=False)
            rows[unquote(path.as_py()).removeprefix(root)] = np.flatnonzero(~mask)
    return rows


def _expect_known(table: Any) -> None:
    protocol = table.protocol()
    unknown = set(protocol.reader_features or ()) - _KNOWN
    if unknown or protocol.min_reader_version > _READER_VERSION:
        raise LakeUnavailable(
            f"The data lake's table has a feature that the export cannot read; {TELL}",
            inside=f"reader version {protocol.min_reader_version}, features {sorted(unknown)}",
        )


def _unreadable(why: str) -> LakeUnavailable:
    return LakeUnavailable(f"The data lake cannot be read; {TELL}", inside=why)
