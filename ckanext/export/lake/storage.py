"""Access to object storage, for every kind of lake that may lie there."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from threading import Thread
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from ..errors import Misconfigured

# A store that does not answer costs a visitor these, not the minutes that its client would take.
_CONNECT = 2  # seconds
_SILENCE = 4  # seconds without a byte
_ATTEMPTS = 3
_PATIENCE = 30  # seconds, for clients that know no such limits

Answer = TypeVar("Answer")

_SECRETS = ("access_key", "secret_key", "session_token")
_SECRETS_OF_ENVIRONMENT = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
)


@dataclass(frozen=True)
class Storage:
    """What an object store wants to know. An empty field is left to the environment, where the
    clients look for the usual names (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
    """

    endpoint: str = ""  # http://127.0.0.1:9000, for stores that are not Amazon's
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    session_token: str = ""

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> Self:
        """Raises Misconfigured for an option that does not exist."""
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(options) - set(names)):
            raise Misconfigured(
                inside=f"ckanext.export.lake.storage knows {', '.join(names)}, not {unknown[0]!r}",
            )
        return cls(**options)

    def __repr__(self) -> str:
        return f"Storage(endpoint={self.endpoint!r}, region={self.region!r}, …)"

    def object_store(self) -> dict[str, str]:
        """As the drivers in Rust want it; what is not said here they find in the environment."""
        endpoint = self.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        options = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true" if endpoint.startswith("http:") else "",
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
        return {name: value for name, value in options.items() if value}

    def filesystem(self, url: str) -> tuple[fs.FileSystem, str]:
        """What reads a URL such as `s3://bucket/prefix`, and the path to give it.

        Nothing is asked of the store yet. Raises Misconfigured, which never repeats a secret.
        """
        scheme, _, place = url.partition("://")
        if scheme not in STORES:
            raise Misconfigured(inside=f"{scheme!r} is no object store; {', '.join(STORES)} are")
        host, _, path = place.partition("/")
        if ":" in host.rpartition("@")[0]:
            raise Misconfigured(
                inside="ckanext.export.lake.url holds a secret; "
                "access_key and secret_key of ckanext.export.lake.storage are the place for it",
            )
        container, _, account = host.partition("@")
        if not container:
            raise Misconfigured(inside=f"ckanext.export.lake.url names no bucket: {url!r}")
        try:
            system = STORES[scheme](self, account)
        except (ImportError, ValueError, pa.ArrowException, OSError) as error:
            raise Misconfigured(
                inside=f"ckanext.export.lake.storage: {self.hide(str(error))}"
            ) from None
        return system, f"{container}/{path}".rstrip("/")

    def hide(self, text: str) -> str:
        """The text without any of the keys, for a log."""
        values = [getattr(self, name) for name in _SECRETS]
        values += [os.environ.get(name, "") for name in _SECRETS_OF_ENVIRONMENT]
        for value in sorted(filter(None, values), key=len, reverse=True):
            text = text.replace(value, "…")
        return text

    def _s3(self, _account: str) -> fs.FileSystem:
        environment = os.environ.get
        address = environment("AWS_ENDPOINT_URL_S3") or environment("AWS_ENDPOINT_URL")
        region = environment("AWS_REGION") or environment("AWS_DEFAULT_REGION")
        scheme, host = _split(self.endpoint or address or "")
        return fs.S3FileSystem(
            access_key=self.access_key or None,
            secret_key=self.secret_key or None,
            session_token=self.session_token or None,
            region=self.region or region or "us-east-1",
            scheme=scheme,
            endpoint_override=host,
            connect_timeout=_CONNECT,
            request_timeout=_SILENCE,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        )

    def _google(self, _account: str) -> fs.FileSystem:
        scheme, host = _split(self.endpoint)
        options: dict[str, Any] = {}
        if self.session_token:
            options["access_token"] = self.session_token
            options["credential_token_expiration"] = datetime.now(UTC) + timedelta(hours=1)
        elif host and scheme == "http":
            options["anonymous"] = True  # an emulator, which knows no credentials
        return fs.GcsFileSystem(
            scheme=scheme,
            endpoint_override=host,
            retry_time_limit=timedelta(seconds=_SILENCE),
            **options,
        )

    def _azure(self, account: str) -> fs.FileSystem:
        scheme, host = _split(self.endpoint)
        authorities: dict[str, Any] = {}
        if host:
            authorities = {
                "blob_storage_authority": host,
                "dfs_storage_authority": host,
                "blob_storage_scheme": scheme,
                "dfs_storage_scheme": scheme,
            }
        return fs.AzureFileSystem(
            account_name=self.access_key or account.partition(".")[0],
            account_key=self.secret_key or None,
            sas_token=self.session_token or None,
            **authorities,
        )


def in_time(ask: Callable[[], Answer]) -> Answer:
    """What a store answers. Raises TimeoutError instead of waiting for long."""
    answers: Queue[tuple[Answer] | BaseException] = Queue(1)

    def work() -> None:
        try:
            answers.put((ask(),))
        except BaseException as error:  # noqa: B036 - it is raised where the answer is waited for
            answers.put(error)

    Thread(target=work, name="object-store", daemon=True).start()
    try:
        answer = answers.get(timeout=_PATIENCE)
    except Empty:
        raise TimeoutError(f"no answer within {_PATIENCE} s") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]


def _split(endpoint: str) -> tuple[str, str | None]:
    """Scheme and host of an endpoint; without one, the store's own over HTTPS."""
    if not endpoint:
        return "https", None
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("endpoint has to look like https://host or http://host:port")
    return parts.scheme, parts.netloc


# The scheme of a URL → what opens the store, given an account that the URL may name.
STORES: dict[str, Callable[[Storage, str], fs.FileSystem]] = {
    "s3": Storage._s3,
    "s3a": Storage._s3,
    "gs": Storage._google,
    "abfs": Storage._azure,
    "abfss": Storage._azure,
}
