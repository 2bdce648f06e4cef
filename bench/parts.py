"""Parts of the pipeline beside what they replaced: the reasons for how it is built."""

import time
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from isal import isal_zlib
from stream_zip import ZIP_64, stream_zip

from ckanext.export.compute import pc
from ckanext.export.formats.base import Options
from ckanext.export.formats.csv import Csv
from ckanext.export.formats.times import timestamps
from ckanext.export.observations import COLUMNS, SCHEMA, TEXTS, TIMES
from ckanext.export.privacy import Policy, Protection
from ckanext.export.zips import zipped

from .lakes import published_attributes, published_types

_ROWS = 131_072  # of a batch, as in the pipeline
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def measure(files: list[str], repeat: int) -> dict[str, dict[str, float]]:
    """Part → way → seconds for a million rows (zip: for a gigabyte), medians."""
    lake = _dictionaries(files)
    batches = list(Protection(_policy()).protect(lake))
    rows = sum(batch.num_rows for batch in batches) / 1e6
    lake_rows = sum(batch.num_rows for batch in lake) / 1e6
    text = [bytes(piece) for piece in Csv(Options()).encode(batches)]
    size = sum(map(len, text)) / 1e9
    found: dict[str, dict[str, float]] = {}
    for part, per, ways in (
        ("reading texts", lake_rows, {"ours": lambda: _dictionaries(files), **_readers(files)}),
        ("times", rows, {"ours": lambda: _table(batches), **_times(batches)}),
        ("rows of cells", rows, _rows(batches)),
        ("zip", size, _zips(text)),
    ):
        found[part] = _interleaved(ways, per, repeat)
    return found


def _policy() -> Policy:
    types, attributes = tuple(published_types()), tuple(published_attributes())
    return Policy(b"a key for the benchmark", types, attributes, min_homes=1)


def _interleaved(
    ways: dict[str, Callable[[], object]], per: float, repeat: int
) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            seconds[name].append((time.perf_counter() - begun) / per)
    return {name: median(all_of_it) for name, all_of_it in seconds.items()}


def _dictionaries(files: list[str]) -> list[pa.RecordBatch]:
    return [
        pa.RecordBatch.from_arrays([batch[n] for n in COLUMNS], schema=SCHEMA)
        for file in files
        for batch in pq.ParquetFile(file, read_dictionary=list(TEXTS)).iter_batches(_ROWS)
    ]


def _readers(files: list[str]) -> dict[str, Callable[[], object]]:
    def by_duckdb() -> None:
        columns = ", ".join(COLUMNS)
        with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
            reader = connection.sql(
                f"SELECT {columns} FROM read_parquet($files)",  # noqa: S608  our own names
                params={"files": files},
            ).to_arrow_reader(_ROWS)
            for batch in reader:
                for name in TEXTS:
                    batch.column(name).dictionary_encode()

    return {"DuckDB, encoded again": by_duckdb}


def _columns(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.Array]:
    return (batch.column(name) for batch in batches for name in TIMES)


def _table(batches: list[pa.RecordBatch]) -> None:
    for column in _columns(batches):
        timestamps(column, "", ",")


def _times(batches: list[pa.RecordBatch]) -> dict[str, Callable[[], object]]:
    def spliced() -> None:
        for column in _columns(batches):
            _spliced(column)

    def formatted() -> None:
        for column in _columns(batches):
            pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")

    return {"cast and splice": spliced, "strftime": formatted}


def _spliced(column: pa.Array) -> pa.Array:
    text = column.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.utf8_replace_slice(text, 10, 11, "T"), "Z,", "")


def _rows(batches: list[pa.RecordBatch]) -> dict[str, Callable[[], object]]:
    """The same cells, known beforehand: taken from one pool, or an array a column and joined."""
    kind = Csv(Options())
    writer, known = kind.rows(), kind.rows()

    def taken() -> None:
        for batch in batches:
            _drain(writer.write(batch))

    def joined() -> None:
        for batch in batches:
            parts = (known.cells(name, batch.column(name)) for name in COLUMNS)
            arrays = [cells.take(pa.array(places)) for cells, places in parts]
            pc.binary_join_element_wise(*arrays, "")

    taken()
    joined()
    return {"ours": taken, "an array a column, joined": joined}


def _zips(text: list[bytes]) -> dict[str, Callable[[], object]]:
    def deflated(level: int) -> Callable[[], object]:
        return lambda: _drain(map(zlib.compressobj(level, zlib.DEFLATED, -15).compress, text))

    def streamed() -> None:
        compressor: Any = partial(isal_zlib.compressobj, 1, isal_zlib.DEFLATED, -15)
        files: Any = [("data", _WHEN, 0o644, ZIP_64, text)]
        _drain(stream_zip(files, chunk_size=1 << 18, get_compressobj=compressor))

    return {
        "ours": lambda: _drain(zipped([("data", text)], _WHEN)),
        "stream-zip with isal": streamed,
        "zlib alone, level 1": deflated(1),
        "zlib alone, level 6": deflated(6),
    }


def _drain(items: Iterable[object]) -> None:
    for _ in items:
        pass
