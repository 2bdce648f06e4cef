r"""Rows of texts and whole numbers as Trino writes them in JSON, read by Arrow as CSV.

`[["a",null,"x"],["b\n",7,"x"]]` nearly is CSV already. What is not is overwritten where it stands:
the ends of rows, and the backslash of escapes that CSV does not have. So Arrow finds rows, columns
and distinct texts in one pass, for half of what its reader of JSON and all behind that take.
"""

import json
import re

import numpy as np
import pyarrow as pa
from pyarrow import csv

from ..compute import pc
from ..observations import borders

# The text of one more column, the last one. As it ends with no backslash the quote behind it ends a
# text, which no quote inside a text does: what follows it is the end of a row wherever it is found.
END = "x"
_BETWEEN = f'{END}"],['.encode()
_MARK = "\x01"  # instead of a backslash: JSON escapes this sign itself
_ESCAPES = re.compile(f"(?:{_MARK}(?:u.{{4}}|.))+")
_PARSING = csv.ParseOptions(escape_char="\\", double_quote=False)


def from_json(data: bytes | pa.Buffer, schema: pa.Schema) -> pa.Table:
    """The rows without their last column, which is END. `schema` has texts, plain or as their
    distinct values, and whole numbers.

    Raises ValueError for anything that Trino would not write.
    """
    signs = np.frombuffer(data, np.uint8)[2:].copy()  # behind the brackets that begin all
    if not len(signs):
        return schema.empty_table()
    _end_rows(signs)
    escaped = _mark_escapes(signs)
    table = csv.read_csv(
        pa.py_buffer(signs), _reading(schema, len(signs)), _PARSING, _kinds(schema)
    )
    if not escaped:
        return table
    columns = [_unescaped(column.combine_chunks()) for column in table.columns]
    return pa.table(columns, schema=schema)


def _reading(schema: pa.Schema, size: int) -> csv.ReadOptions:
    names = [*schema.names, ""]
    return csv.ReadOptions(use_threads=False, column_names=names, block_size=size + 1)


def _kinds(schema: pa.Schema) -> csv.ConvertOptions:
    return csv.ConvertOptions(
        column_types=schema,
        include_columns=schema.names,
        null_values=["null"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )


def _end_rows(signs: np.ndarray) -> None:
    places = np.flatnonzero(signs == ord("]"))[:-2]  # but the end of the last row and of all
    for offset, sign in enumerate(_BETWEEN, -_BETWEEN.index(b"]")):
        places = places[signs[places + offset] == sign]
    signs[places + 1] = ord(" ")
    signs[places + 2] = ord("\n")


def _mark_escapes(signs: np.ndarray) -> bool:
    """Marks escapes of other signs than quotes and backslashes. False where there are none."""
    places = np.flatnonzero((signs[:-1] == ord("\\")) & (signs[1:] != ord('"')))
    first = np.maximum.accumulate(np.where(np.diff(places, prepend=-2) > 1, places, 0))
    places = places[(places - first) % 2 == 0]  # every other of several together is escaped itself
    places = places[signs[places + 1] != ord("\\")]
    signs[places] = ord(_MARK)
    return bool(len(places))


def _unescaped(texts: pa.Array) -> pa.Array:
    if pa.types.is_integer(texts.type):
        return texts
    if pa.types.is_dictionary(texts.type):
        return pa.DictionaryArray.from_arrays(texts.indices, _unescaped(texts.dictionary))
    signs = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    marks = np.flatnonzero(signs == ord(_MARK))
    marked = np.zeros(len(texts), bool)
    marked[np.searchsorted(borders(texts), marks, "right") - 1] = True
    meant = [_ESCAPES.sub(_meant, text) for text in texts.filter(pa.array(marked)).to_pylist()]
    return pc.replace_with_mask(texts, marked, pa.array(meant, pa.string()))


def _meant(escapes: re.Match[str]) -> str:
    return json.loads('"' + escapes[0].replace(_MARK, "\\") + '"')
