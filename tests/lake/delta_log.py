"""What other engines write into the log of a Delta table, and the tests by hand."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
from pyroaring import BitMap

from tests.builders import LAKE_SCHEMA, Row

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_MAGIC = 1681511377

Action = dict[str, Any]


def write_delta(
    folder: Path, *commits: Sequence[Row], schema: pa.Schema = LAKE_SCHEMA, **options: Any
) -> str:
    """The URL of a table with these commits; `options` are those of the driver's writer."""
    for rows in commits:
        table = pa.Table.from_pylist(list(rows), schema)
        deltalake.write_deltalake(folder, table, mode="append", **options)
    return f"delta+{folder.as_uri()}"


def actions(folder: Path, kind: str) -> list[Action]:
    """All actions of a kind that the log has, in its order."""
    lines = [
        json.loads(line)
        for path in sorted((folder / "_delta_log").glob("*.json"))
        for line in path.read_text().splitlines()
    ]
    return [line[kind] for line in lines if kind in line]


def commit(folder: Path, *written: Action) -> None:
    """One more version."""
    number = len(list((folder / "_delta_log").glob("*.json")))
    text = "".join(json.dumps(action) + "\n" for action in written)
    (folder / "_delta_log" / f"{number:020}.json").write_text(text)


def delete_rows(folder: Path, added: Action, places: Sequence[int]) -> None:
    """A commit that deletes rows of a file by a deletion vector."""
    bitmap = BitMap(places).serialize()
    vector = struct.pack("<iqi", _MAGIC, 1, 0) + bitmap
    gone = {"path": added["path"], "deletionTimestamp": 1, "dataChange": True}
    kept = added | {
        "deletionVector": {
            "storageType": "i",
            "pathOrInlineDv": _z85(vector),
            "sizeInBytes": len(vector),
            "cardinality": len(places),
        }
    }
    commit(folder, {"remove": gone}, {"add": kept})


def _z85(content: bytes) -> str:
    words = struct.iter_unpack(">I", content + bytes(-len(content) % 4))
    return "".join(
        _DIGITS[word // 85**place % 85] for (word,) in words for place in (4, 3, 2, 1, 0)
    )
