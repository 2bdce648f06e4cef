"""Files with one JSON object a line, as Home Assistant and log shippers write them."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from ..observations import TIMES
from ..query import Query
from .canonical import Canonical
from .csv import unpacked
from .part import Part

_FIRST_BLOCK = 1 << 20  # bytes, because somebody waits for the first lines
_BLOCK = 4 << 20  # bytes that are parsed at once
_LONGEST = 64 << 20  # bytes of a line
_LOOK = 64 << 10  # bytes whose lines tell which columns a file has
_MARK = b"\xef\xbb\xbf"
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])

Cell = str | int | float | bool | None | msgspec.UnsetType


class NdjsonPart(Part):
    """A key that a line lacks is null, but the first lines have to name every column there is.

    Numbers and truth values are read as the text that they are; `attributes` may be an object.
    """

    kind = "NDJSON"
    suffixes = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")

    def peek(self) -> None:
        for lines in self._blocks(_LOOK, _LOOK):
            objects = self._decoded(_OBJECTS, lines, 0)
            self.columns = tuple({name: None for found in objects for name in found})
            return

    def batches(self, canonical: Canonical, query: Query) -> Iterator[pa.RecordBatch]:
        columns = canonical.needed(self.columns)
        decoder, late = self._decoder(canonical, columns)
        attributes = canonical.own_name("attributes")
        times = {canonical.own_name(name) for name in TIMES}
        before = 0
        for lines in self._blocks(_FIRST_BLOCK, _BLOCK):
            found = self._decoded(decoder, lines, before)
            before += len(lines)
            for name, field in late.items():
                if any(getattr(line, field) is not msgspec.UNSET for line in found):
                    raise self.damaged(f"its first lines have no {name!r}, but later ones do")
            arrays = []
            for number, name in enumerate(columns):
                cells = [getattr(line, f"c{number}") for line in found]
                array = _objects(cells) if name == attributes else _texts(cells)
                arrays.append(array if name in times else array.dictionary_encode())
            yield pa.record_batch(arrays, columns)

    def _decoder(
        self, canonical: Canonical, columns: Sequence[str]
    ) -> tuple[msgspec.json.Decoder[Any], dict[str, str]]:
        """What reads lines, and the fields of columns that must not turn up later."""
        attributes = canonical.own_name("attributes")
        derived = [canonical.own_name(name) for name in ("type", "unit")]
        late = [name for name in derived if name not in self.columns and name not in columns]
        names = {f"c{number}": name for number, name in enumerate([*columns, *late])}
        line = msgspec.defstruct(
            "Line",
            [
                (
                    field,
                    msgspec.Raw | msgspec.UnsetType if name == attributes else Cell,
                    msgspec.UNSET,
                )
                for field, name in names.items()
            ],
            rename=names,
            gc=False,
        )
        fields = {name: field for field, name in names.items()}
        return msgspec.json.Decoder(list[line]), {name: fields[name] for name in late}

    def _decoded(
        self, decoder: msgspec.json.Decoder[Any], lines: list[bytes], before: int
    ) -> list[Any]:
        """One value a line: all at once, which is much faster than each on its own."""
        try:
            found = decoder.decode(b"[" + b",".join(lines) + b"]")
            if len(found) == len(lines):
                return found
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        for number, line in enumerate(lines, before + 1):
            try:
                if len(decoder.decode(b"[" + line + b"]")) != 1:
                    raise self.damaged(f"line {number} is not one JSON object")
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise self.damaged(f"line {number}: {error}") from None
        raise self.damaged(f"a line before line {before + len(lines)} is not one JSON object")

    def _blocks(self, first: int, size: int) -> Iterator[list[bytes]]:
        """The file's lines that are not empty, many at once."""
        with self.opened() as file:
            stream = unpacked(file, self.path)
            rest = stream.read(len(_MARK))
            rest = b"" if rest == _MARK else rest
            size_of_next = first
            while block := stream.read(size_of_next):
                size_of_next = size
                whole, newline, after = block.rpartition(b"\n")
                if newline:
                    if lines := _lines(rest + whole):
                        yield lines
                    rest = after
                else:
                    rest += block
                if len(rest) > _LONGEST:
                    raise self.damaged(f"a line has more than {_LONGEST >> 20} MB")
            if lines := _lines(rest):
                yield lines


def _lines(block: bytes) -> list[bytes]:
    return [line for line in block.split(b"\n") if line and not line.isspace()]


def _texts(cells: list[Any]) -> pa.Array:
    cells = [None if cell is msgspec.UNSET else cell for cell in cells]
    try:
        return pa.array(cells, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = [c if c is None or isinstance(c, str) else msgspec.json.encode(c) for c in cells]
        return pa.array(texts, pa.string())


def _objects(cells: list[Any]) -> pa.Array:
    """JSON texts of values; a value that is a text already is left as it is."""
    raw = [None if cell is msgspec.UNSET else bytes(cell) for cell in cells]
    distinct = pa.array(raw, pa.binary()).dictionary_encode()
    texts = pa.array(map(_object, distinct.dictionary.to_pylist()), pa.string())
    return pa.DictionaryArray.from_arrays(distinct.indices, texts).dictionary_decode()


def _object(raw: bytes) -> str | None:
    if raw == b"null":
        return None
    if raw.startswith(b'"'):
        return msgspec.json.decode(raw, type=str)
    return msgspec.json.format(raw, indent=-1).decode()
