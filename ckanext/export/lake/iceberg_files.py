"""The files of an Iceberg table's snapshot, and which of their rows are deleted."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import TELL, LakeUnavailable
from .base import load_driver
from .tables import NO_ROWS, TableFile, ids_of

Places = dict[str, np.ndarray]  # of deleted rows, by data file


def table_files(table: Any, row_filter: Any) -> list[TableFile]:
    """The data files of the current snapshot that the filter does not rule out."""
    try:
        tasks = list(table.scan(row_filter=row_filter).plan_files())
    except (ValueError, NotImplementedError) as error:
        if "equality deletes" not in str(error):
            raise
        raise LakeUnavailable(
            f"The data lake's table has equality deletes, which the export cannot read; {TELL}",
            inside=f"{error}; compact the table, or let its writer use positional deletes",
        ) from error
    deletes = {delete for task in tasks for delete in task.delete_files}
    places = {delete.file_path: _places(table.io, delete) for delete in deletes}
    own_names = partial(_own_names, _ids(table), _mapped(table))
    return [
        TableFile(
            path=_parquet(task.file),
            size=task.file.file_size_in_bytes,
            own_names=own_names,
            constants=_constants(table, task.file),
            deleted=_deleted(task, places),
            rows=task.file.record_count,
        )
        for task in tasks
    ]


def _parquet(file: Any) -> str:
    if file.file_format != "PARQUET":
        raise LakeUnavailable(
            f"The data lake has files that are no Parquet files; {TELL}", inside=file.file_path
        )
    return file.file_path


def _ids(table: Any) -> dict[str, int]:
    return {column.name: column.field_id for column in table.schema().fields}


def _mapped(table: Any) -> dict[str, int]:
    """The ids of columns by name, for files that were there before the table was."""
    mapping = table.name_mapping()
    return {name: field.field_id for field in mapping or () for name in field.names}


def _own_names(
    ids: Mapping[str, int], mapped: Mapping[str, int], schema: pa.Schema
) -> dict[str, str]:
    found = ids_of(schema) or {mapped[name]: name for name in schema.names if name in mapped}
    return {name: found[number] for name, number in ids.items() if number in found}


def _constants(table: Any, file: Any) -> dict[str, Any]:
    """The values of columns that the file may lack: those that partition it, and defaults."""
    schema, spec = table.schema(), table.specs()[file.spec_id]
    values = {column.name: column.initial_default for column in schema.fields}
    for place, part in enumerate(spec.fields):
        name = schema.find_column_name(part.source_id)
        if name in values and str(part.transform) == "identity":
            values[name] = file.partition[place]
    return values


def _deleted(task: Any, places: Mapping[str, Places]) -> np.ndarray:
    own = [places[d.file_path].get(task.file.file_path, NO_ROWS) for d in task.delete_files]
    return np.unique(np.concatenate(own)) if own else NO_ROWS


def _places(io: Any, delete: Any) -> Places:
    """What a file of positional deletes, or of deletion vectors, says."""
    with io.new_input(delete.file_path).open() as opened:
        if delete.file_format == "PUFFIN":
            puffin = load_driver("pyiceberg.table.puffin", "iceberg").PuffinFile(opened.read())
            vectors = load_driver("pyiceberg.table.deletion_vector", "iceberg")
            return {
                vector.referenced_data_file: vector.to_vector().to_numpy()
                for vector in vectors.deletion_vectors_from_puffin_file(puffin)
            }
        _parquet(delete)
        told = pq.read_table(
            opened, columns=["file_path", "pos"], read_dictionary=["file_path"], use_threads=False
        )
    return _by_file(told.unify_dictionaries().combine_chunks())


def _by_file(told: pa.Table) -> Places:
    if not told.num_rows:
        return {}
    files = told["file_path"].chunk(0)
    codes, names = files.indices.to_numpy(), files.dictionary.to_pylist()
    rows = told["pos"].to_numpy()[np.argsort(codes, kind="stable")]
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    return dict(zip(names, np.split(rows, ends[:-1]), strict=True))
