"""What Trino answers, as Arrow batches of texts.

A segment is a JSON array of rows, and a row an array of texts. Made the one value of an object,
Arrow's own reader takes it (a list of lists of texts) without a Python object per cell and
without Python's lock: 1.2 s a million observations where orjson and zip take 3.5.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import requests
from pyarrow import json as arrow_json
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ..errors import TELL, LakeUnavailable

_THREADS = 2
_AHEAD = 4  # segments that are fetched and decoded before they are asked for, some 10 MB each
_ROWS = 8_192  # of a batch where rows come one by one
TIMEOUT = (5, 60)  # seconds to connect, and of silence
_SCHEMA = pa.schema([("rows", pa.list_(pa.list_(pa.string())))])
_AGAIN = Retry(3, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504))


class Segments:
    """The answer to one query, whose columns are texts and become what `schema` says."""

    def __init__(
        self,
        schema: pa.Schema,
        verify: bool | str,
        headers: Callable[[str | None], Mapping[str, str]],
    ) -> None:
        """`headers`: what a host wants to be sent besides a segment's own headers."""
        self._schema = schema
        self._verify = verify
        self._headers = headers
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS, max_retries=_AGAIN))
        self._pool = ThreadPoolExecutor(_THREADS, "export-trino")
        self.spooled = False

    def batches(self, items: Iterable[Any]) -> Iterator[pa.RecordBatch]:
        """`items`: segments as the driver has them, or rows where the cluster does not spool."""
        waiting: deque[Future[pa.RecordBatch]] = deque()
        items = iter(items)
        for first in items:
            if isinstance(first, list):
                yield from self._from_rows(first, items)
                return
            self.spooled = True
            yield self._decoded(first)  # somebody waits for it
            break
        for item in items:
            waiting.append(self._pool.submit(self._decoded, item))
            while len(waiting) >= _AHEAD or (waiting and waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._session.close()

    def _from_rows(self, first: list[Any], rest: Iterator[Any]) -> Iterator[pa.RecordBatch]:
        rows = [first, *islice(rest, _ROWS - 1)]
        while rows:
            cells = zip(*rows, strict=True)
            yield self._batch([pa.array(cell, pa.string()) for cell in cells])
            rows = list(islice(rest, _ROWS))

    def _decoded(self, item: Any) -> pa.RecordBatch:
        segment, about = item.segment, item.segment.metadata
        spooled = hasattr(segment, "uri")
        data = self._get(segment.uri, segment) if spooled else segment.data
        if "uncompressedSize" in about:
            data = _decompressed(data, item.encoding, int(about["uncompressedSize"]))
        batch = self._read(data)
        if batch.num_rows != int(about["rowsCount"]):
            raise _damaged(f"{batch.num_rows} rows instead of {about['rowsCount']}")
        if spooled:
            self._let_go(segment)
        return batch

    def _read(self, data: bytes | pa.Buffer) -> pa.RecordBatch:
        document = b"".join((b'{"rows":', memoryview(data), b"}"))
        reading = arrow_json.ReadOptions(use_threads=False, block_size=len(document) + 1)
        parsing = arrow_json.ParseOptions(explicit_schema=_SCHEMA)
        try:
            read = arrow_json.read_json(pa.BufferReader(document), reading, parsing)
        except pa.ArrowInvalid as error:
            raise _damaged(str(error)) from error
        cells = read.column("rows").combine_chunks().values.values
        width = len(self._schema)
        places = np.arange(0, len(cells), width)
        return self._batch([cells.take(pa.array(places + number)) for number in range(width)])

    def _batch(self, texts: list[pa.Array]) -> pa.RecordBatch:
        arrays = map(_converted, texts, self._schema.types)
        return pa.record_batch(list(arrays), names=self._schema.names)

    def _get(self, url: str, segment: Any) -> bytes:
        own = {name: values[0] for name, values in segment.headers.items()}
        headers = {**self._headers(urlsplit(url).hostname), **own}
        try:
            answer = self._session.get(url, headers=headers, verify=self._verify, timeout=TIMEOUT)
        except requests.RequestException as error:
            # Its words hold the URL, which opens the segment to everyone.
            words = f"{urlsplit(url).netloc} gave no answer: {type(error).__name__}"
            raise _damaged(words) from None
        if not answer.ok:
            raise _damaged(f"{urlsplit(url).netloc} answered {answer.status_code}")
        return answer.content

    def _let_go(self, segment: Any) -> None:
        """Lets the cluster delete the segment; one of which it does not hear it deletes later."""
        try:
            self._get(segment.ack_uri, segment)
        except LakeUnavailable:
            return


def _decompressed(data: bytes, encoding: str, size: int) -> pa.Buffer:
    codec = encoding.partition("+")[2].replace("lz4", "lz4_raw")
    try:
        return pa.decompress(data, size, codec)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(str(error)) from error


def _converted(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """What cannot become what it should stays text; who reads it says so."""
    if pa.types.is_dictionary(kind):
        return texts.dictionary_encode()
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return texts


def _damaged(words: str) -> LakeUnavailable:
    return LakeUnavailable(
        f"The data lake cannot be read; {TELL}", inside=f"a spooled segment: {words}"
    )
