"""The limit: `python -m bench.limit JSON`, one way in a process of its own.

No whole way from the lake to zipped text that we know is faster than a query of DuckDB that
renders the rows and isal behind it, so that is what our share is measured by. The scan and the
compression alone say how much of the time is nobody's choice.
"""

import json
import queue
import sys
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from isal import isal_zlib

from ckanext.export.lake import open_lake
from ckanext.export.query import Query

from .count import data_file
from .measure import Run, answer
from .statements import CLOSING, OPENING, statement

_BATCH = 65_536
_PIECE = 1 << 20
_HELD = 64  # pieces in memory at a time
_DEPTH = 4


def scan(folder: str, last_day: str | None, types: list[str]) -> Run:
    """Reads the lake's columns as the export does."""
    days = {"date_to": [last_day]} if last_day else {}
    query = Query.parse({"types": types, **days})
    with open_lake(folder).scan(query) as opened:
        next(opened.batches())  # what pyarrow loads late
    begun = time.perf_counter()
    with open_lake(folder).scan(query) as opened:
        rows = sum(batch.num_rows for batch in opened.batches())
    return Run(rows, time.perf_counter() - begun)


def compress(archive: str, kind: str, rows: int) -> Run:
    """Compresses what an export wrote; only the time of that counts, not that of reading it."""
    seconds, text, sent = 0.0, 0, 0
    compressor = _compressor()
    with zipfile.ZipFile(archive) as opened, opened.open(data_file(opened, kind)) as data:
        while pieces := [piece for _ in range(_HELD) if (piece := data.read(_PIECE))]:
            begun = time.perf_counter()
            sent += sum(len(compressor.compress(piece)) for piece in pieces)
            seconds += time.perf_counter() - begun
            text += sum(map(len, pieces))
    return Run(rows, seconds, text=text, sent=sent + len(compressor.flush()))


def duck(
    files: list[str], types: list[str], kind: str, overlap: bool, keep: str | None = None
) -> Run:
    """DuckDB's rows through isal into nothing, or uncompressed into the file `keep`.

    `overlap`: the query is driven by a thread of its own. Which is faster depends on the
    machine, so the benchmark runs both.
    """
    begun = time.perf_counter()
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    connection.execute("SET streaming_buffer_size = '64MB'")
    rendered = connection.sql(statement(kind), params={"files": files, "types": types})
    counted = [0]
    pieces: Iterable[memoryview] = _texts(rendered.to_arrow_reader(_BATCH), counted)
    if overlap:
        pieces = _ahead(pieces)
    if keep:
        text = _write(Path(keep), kind, pieces)
        return Run(counted[0], time.perf_counter() - begun, text=text)
    compressor = _compressor()
    text = sent = 0
    for piece in pieces:
        text += len(piece)
        sent += len(compressor.compress(piece))
    sent += len(compressor.flush())
    return Run(counted[0], time.perf_counter() - begun, text=text, sent=sent)


def _texts(reader: pa.RecordBatchReader, counted: list[int]) -> Iterator[memoryview]:
    """The text of each batch, without a copy."""
    for batch in reader:
        counted[0] += batch.num_rows
        column = batch.column(0)
        wide = pa.types.is_large_string(column.type)
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, np.int64 if wide else np.int32)
        yield memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]


def _ahead(pieces: Iterable[memoryview]) -> Iterator[memoryview]:
    waiting: queue.Queue[memoryview | None] = queue.Queue(_DEPTH)

    def work() -> None:
        try:
            for piece in pieces:
                waiting.put(piece)
        finally:
            waiting.put(None)  # a failure shows in the number of rows

    threading.Thread(target=work).start()
    return iter(waiting.get, None)


def _write(file: Path, kind: str, pieces: Iterable[memoryview]) -> int:
    with file.open("wb") as kept:
        kept.write(OPENING[kind].encode())
        kept.writelines(pieces)
        kept.write(CLOSING[kind].encode())
    return file.stat().st_size


def _compressor() -> Any:
    return isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)


WAYS = {"scan": scan, "compress": compress, "duck": duck}

if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    answer(WAYS[arguments.pop("way")](**arguments))
