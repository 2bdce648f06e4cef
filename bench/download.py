"""A client that costs next to nothing: it shares the machine with the portal that it measures."""

import http.client
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .measure import Run

_BUFFER = 1 << 20
_END = b"\r\n0\r\n\r\n"  # of a chunked answer that is complete
_TIMEOUT = 600


class DownloadFailed(Exception):
    """The portal did not answer with a whole body."""


def timed(url: str, rows: int) -> Run:
    """Reads an answer of `rows` rows into nothing. Raises DownloadFailed unless it is whole.

    `sent` counts the framing of HTTP's chunks, a thousandth.
    """
    address = urlsplit(url)
    request = (
        f"GET {address.path}?{address.query} HTTP/1.1\r\n"
        f"Host: {address.netloc}\r\nConnection: close\r\n\r\n"
    )
    buffer = memoryview(bytearray(_BUFFER))
    begun = time.perf_counter()
    with socket.create_connection((address.hostname, address.port), _TIMEOUT) as connection:
        connection.sendall(request.encode())
        rest = _skip_headers(connection, url)
        if not rest:
            rest = connection.recv(_BUFFER)
        first_byte = time.perf_counter() - begun
        size, tail = len(rest), rest[-len(_END) :]
        while got := connection.recv_into(buffer):
            size += got
            tail = (tail + bytes(buffer[max(0, got - len(_END)) : got]))[-len(_END) :]
    seconds = time.perf_counter() - begun
    if tail != _END:
        raise DownloadFailed(f"{url} broke off after {size:,} bytes")
    return Run(rows, seconds, first_byte=first_byte, sent=size)


def _skip_headers(connection: socket.socket, url: str) -> bytes:
    """What of the body came with the headers."""
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv(_BUFFER)
        if not got:
            raise DownloadFailed(f"{url} gave no answer")
        head += got
    headers, _, body = head.partition(b"\r\n\r\n")
    if not headers.startswith(b"HTTP/1.1 200 "):
        raise DownloadFailed(f"{url} answered {headers.splitlines()[0].decode()}: {body!r:.300}")
    if b"transfer-encoding: chunked" not in headers.lower():
        raise DownloadFailed(f"{url} does not say where its body ends")
    return body


@dataclass(frozen=True)
class Saved:
    size: int
    first_byte: float


def save(url: str, file: Path) -> Saved:
    """Keeps an answer's body. Raises DownloadFailed."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_TIMEOUT)
    begun = time.perf_counter()
    try:
        connection.request("GET", f"{address.path}?{address.query}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise DownloadFailed(f"{url} answered {answer.status}: {answer.read(300)!r}")
        with file.open("wb") as kept:
            kept.write(answer.read(1))
            first_byte = time.perf_counter() - begun
            while piece := answer.read(_BUFFER):
                kept.write(piece)
    except http.client.HTTPException as error:
        raise DownloadFailed(f"{url} broke off: {error!r}") from error
    finally:
        connection.close()
    return Saved(file.stat().st_size, first_byte)
