"""CSV files as databases and spreadsheets write them: commas, a header, UTF-8."""

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as arrow_csv

from ..observations import TEXT, TIMES
from ..query import Query
from .canonical import Canonical
from .part import Part

_BLOCK = 2 << 20  # bytes that are parsed at once: a row has to fit in, and Arrow reads 32 ahead
_HEADER = 64 << 10  # bytes in which the header has to be


class CsvPart(Part):
    """Everything is text; a cell without quotes and characters is null."""

    kind = "CSV"
    suffixes = (".csv", ".csv.gz")

    def peek(self) -> None:
        with self.opened() as file:
            start = bytes(unpacked(file, self.path).read(_HEADER))
        try:
            header = next(csv.reader(io.StringIO(_lines(start), newline=""), strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise self.damaged(f"its first line is no header: {error}") from error
        if not header:
            raise self.damaged("it has no header")
        if len(set(header)) < len(header):
            raise self.damaged("its header names a column twice")
        self.columns = tuple(header)

    def batches(self, canonical: Canonical, query: Query) -> Iterator[pa.RecordBatch]:
        columns = canonical.needed(self.columns)
        times = {canonical.own_name(name) for name in TIMES}
        wrong: list[str] = []

        def refuse(row: arrow_csv.InvalidRow) -> str:
            wrong.append(f"a row has {row.actual_columns} cells, not {row.expected_columns}")
            return "error"

        with self.opened() as file:
            stream = _Quotes(unpacked(file, self.path))
            try:
                yield from arrow_csv.open_csv(
                    pa.PythonFile(stream, "r"),
                    arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                    arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
                    arrow_csv.ConvertOptions(
                        column_types={n: pa.string() if n in times else TEXT for n in columns},
                        include_columns=columns,
                        null_values=[""],
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=False,
                    ),
                )
            except pa.ArrowInvalid as error:
                # Arrow repeats the row, which is somebody's.
                raise self.damaged(wrong[0] if wrong else _first_line(error)) from None
        if stream.number % 2:  # Arrow takes what follows the last one for a text, rows and all
            raise self.damaged("a quote is never closed")


class _Quotes:
    """A stream that counts its quotation marks."""

    closed = False

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self.number = 0

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self.number += block.count(b'"')
        return block

    def close(self) -> None:
        self.closed = True


def unpacked(file: pa.NativeFile, path: str) -> pa.NativeFile:
    return pa.CompressedInputStream(file, "gzip") if path.lower().endswith(".gz") else file


def _lines(start: bytes) -> str:
    """The text of the whole lines, without the mark that some programs begin with."""
    whole = start[: start.rfind(b"\n") + 1] or start
    return whole.decode("utf-8-sig")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
