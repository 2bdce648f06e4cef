"""What Trino answers, as Arrow batches."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ..errors import TELL, LakeUnavailable
from .trino_rows import from_json

_THREADS = 2
_AHEAD = 4  # segments that are fetched and decoded before they are asked for, some 10 MB each
_ROWS = 8_192  # of a batch where rows come one by one
TIMEOUT = (5, 60)  # seconds to connect, and of silence
_AGAIN = Retry(3, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504))


class Segments:
    """The answer to one query: the columns of `schema` and a last one that is END."""

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
        waiting: deque[Future[pa.Table]] = deque()
        items = iter(items)
        for first in items:
            if isinstance(first, list):
                yield from self._from_rows(first, items)
                return
            self.spooled = True
            yield from self._decoded(first).to_batches()  # somebody waits for it
            break
        for item in items:
            waiting.append(self._pool.submit(self._decoded, item))
            while len(waiting) >= _AHEAD or (waiting and waiting[0].done()):
                yield from waiting.popleft().result().to_batches()
        while waiting:
            yield from waiting.popleft().result().to_batches()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._session.close()

    def _from_rows(self, first: list[Any], rest: Iterator[Any]) -> Iterator[pa.RecordBatch]:
        rows = [first, *islice(rest, _ROWS - 1)]
        while rows:
            *cells, _ = zip(*rows, strict=True)
            arrays = map(pa.array, cells, self._schema.types)
            yield pa.record_batch(list(arrays), schema=self._schema)
            rows = list(islice(rest, _ROWS))

    def _decoded(self, item: Any) -> pa.Table:
        segment, about = item.segment, item.segment.metadata
        spooled = hasattr(segment, "uri")
        data = self._get(segment.uri, segment) if spooled else segment.data
        if "uncompressedSize" in about:
            data = _decompressed(data, item.encoding, int(about["uncompressedSize"]))
        rows = self._read(data)
        if len(rows) != int(about["rowsCount"]):
            raise _damaged(f"{len(rows)} rows instead of {about['rowsCount']}")
        if spooled:
            self._let_go(segment)
        return rows

    def _read(self, data: bytes | pa.Buffer) -> pa.Table:
        try:
            return from_json(data, self._schema)
        except ValueError as error:
            # Its words may hold whole rows.
            raise _damaged(f"it has other rows than asked for: {type(error).__name__}") from None

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


def _damaged(words: str) -> LakeUnavailable:
    return LakeUnavailable(
        f"The data lake cannot be read; {TELL}", inside=f"a spooled segment: {words}"
    )
