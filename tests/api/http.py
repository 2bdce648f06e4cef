"""How the tests talk to a portal, and how they judge what comes back."""

import io
import json
import socket
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests

JSON = "application/json"
PROBLEM = "application/problem+json"
FORMATS = ["csv", "json", "xml", "jsonl", "tsv", "parquet", "xlsx"]
PATIENCE = 60  # seconds


class Api:
    """A portal as one visitor sees it; `token` is an API token."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.headers = {"Authorization": token} if token else {}

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET of a path below /api/export."""
        return self.ask("GET", f"/api/export/{path}", **options)

    def head(self, path: str, **options: Any) -> requests.Response:
        return self.ask("HEAD", f"/api/export/{path}", **options)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = self.headers | options.pop("headers", {})
        return requests.request(
            method,
            f"{self.url}{path}",
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
            **options,
        )

    def action(self, name: str, **options: Any) -> requests.Response:
        """POST to an action of CKAN: `json` or `data` and `files`."""
        return self.ask("POST", f"/api/3/action/{name}", **options)

    def result(self, name: str, **options: Any) -> Any:
        """What an action answers that has to succeed."""
        answer = self.action(name, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


def exchange(url: str, request: bytes) -> bytes:
    """Sends bytes as they are and reads until the server closes the connection."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as opened:
        opened.sendall(request)
        return b"".join(_received(opened))


def _received(opened: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            piece = opened.recv(1 << 16)
        except ConnectionResetError:  # the server may not read a request to its end
            return
        if not piece:
            return
        yield piece


def request_line(target: str, method: str = "GET", headers: str = "") -> bytes:
    """A request that no client library has corrected."""
    return (
        f"{method} {target} HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n{headers}\r\n"
    ).encode()


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def expect_problem(answer: requests.Response, status: int, title: str = "") -> dict[str, Any]:
    """The problem document, after checking what is the same for every one (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = json.loads(answer.content)
    assert found["type"] == "about:blank"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"].endswith(".")
    assert set(found) <= {"type", "title", "status", "detail", "parameter", "value", "accepted"}
    if title:
        assert found["title"] == title
    return found


def unpack(archive: bytes) -> dict[str, bytes]:
    """Name → content of a zip, checked by the standard library."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def member(archive: bytes, ending: str) -> bytes:
    """The only member whose name ends so."""
    (found,) = [content for name, content in unpack(archive).items() if name.endswith(ending)]
    return found
