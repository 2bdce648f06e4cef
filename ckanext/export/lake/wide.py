"""From the original system's wide table to rows of one observation each.

The wide table has a row per home and upload, and a column per entity that is an array of structs.
Per batch and column a few calls of Arrow take it apart; no Python runs per observation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from ..compute import pc
from ..observations import COLUMNS, Rewritten, each, mapped
from .canonical import DERIVED_FROM
from .java_map import attributes_as_json

_ROWS = 131_072  # of a batch: what is done once per distinct value is done once per batch
_PARTS = tuple(name for name in COLUMNS if name != "home")  # what an array's struct may have
_NEEDED = tuple(name for name in _PARTS if name not in DERIVED_FROM)


class WideTable:
    """What the columns of a wide table are."""

    def __init__(self, schema: pa.Schema, names: Mapping[str, str]) -> None:
        """`names`: canonical name → that of the home's column or of a field of the structs."""
        self.names = {name: names.get(name, name) for name in COLUMNS}
        self.home = self.names["home"]
        self.has_home = self.home in schema.names
        self.entities = [field.name for field in schema if self._is_entity(field)]
        self.ignored = [
            name for name in schema.names if name not in self.entities and name != self.home
        ]
        structs = [schema.field(name).type.value_type for name in self.entities]
        self.fields = {
            name: all(self.names[name] in _field_names(struct) for struct in structs)
            for name in _PARTS
        }

    @property
    def present(self) -> list[str]:
        """The own names of the columns of the rows that `rows` makes."""
        parts = [self.names[name] for name, present in self.fields.items() if present]
        return [self.home, *parts] if self.has_home else parts

    def columns(self, types: Sequence[str]) -> list[str]:
        """The columns that may hold observations of some producer types, or of any.

        A column's name is the entity id with `_` for each sign that a name may not have, so its
        type cannot be read from it (`binary_sensor_door` may be of `binary_sensor` or `binary`),
        but it begins with its type's letters.
        """
        if not types or self.fields["type"]:
            return self.entities
        prefixes = tuple(f"{_plain(kind)}_" for kind in types)
        return [name for name in self.entities if _plain(name).startswith(prefixes)]

    def _is_entity(self, field: pa.Field) -> bool:
        kind = field.type
        if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            return False
        fields = _field_names(kind.value_type)
        return all(self.names[name] in fields for name in _NEEDED)


class Flattening:
    """Takes batches of a wide table apart. Remembers attributes, so keep one for a whole pass."""

    def __init__(self, table: WideTable, needed: Sequence[str]) -> None:
        """`needed`: own names, of the ones that are `present`."""
        self._home = table.home if table.home in needed else None
        self._fields = [name for name in needed if name != table.home]
        self._attributes = table.names["attributes"]
        self._json = Rewritten(each(attributes_as_json))

    def rows(self, batch: pa.RecordBatch, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The observations of some columns, of one column after the other."""
        homes = None
        if self._home is not None:
            homes = batch.column(self._home).cast(pa.string()).dictionary_encode()
        waiting: list[pa.RecordBatch] = []
        for name in columns:
            piece = self._piece(batch.column(name), homes)
            for start in range(0, len(piece), _ROWS):
                waiting.append(piece.slice(start, _ROWS))
                if sum(map(len, waiting)) >= _ROWS:
                    yield from self._joined(waiting)
                    waiting = []
        if waiting:
            yield from self._joined(waiting)

    def _piece(self, column: pa.Array, homes: pa.DictionaryArray | None) -> pa.RecordBatch:
        """The observations of one entity."""
        rows, structs = pc.list_parent_indices(column), column.flatten()
        if structs.null_count:
            there = structs.is_valid()
            rows, structs = rows.filter(there), structs.filter(there)
        fields = {name: _field(structs, name) for name in self._fields}
        if self._home is not None and homes is not None:
            fields[self._home] = homes.take(rows)
        # A batch without columns would have no rows.
        return pa.record_batch(fields or {"": rows})

    def _joined(self, pieces: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in pa.Table.from_batches(pieces).combine_chunks().to_batches():
            yield self._with_json(batch)

    def _with_json(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._attributes not in self._fields:
            return batch
        place = batch.schema.get_field_index(self._attributes)
        texts = batch.column(place).dictionary_encode()
        return batch.set_column(place, self._attributes, mapped(texts, self._json))


def _field(structs: pa.StructArray, name: str) -> pa.Array:
    array = pc.struct_field(structs, name)
    return array if array.type == pa.string() else array.cast(pa.string())


def _field_names(kind: pa.DataType) -> list[str]:
    if not pa.types.is_struct(kind):
        return []
    return [field.name for field in kind if _is_text(field.type)]


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "_", name.lower())
