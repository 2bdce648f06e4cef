"""A real S3 server on loopback that checks credentials, and counts what is fetched from it."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

_USER = "reader"
_numbers = count()


@dataclass
class ObjectStore:
    """`options` are those of `ckanext.export.lake.storage`; `fetched` the GETs of objects."""

    endpoint: str
    access_key: str
    secret_key: str
    fetched: list[tuple[str, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def options(self) -> dict[str, str]:
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key": self.access_key,
            "secret_key": self.secret_key,
        }

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    @property
    def iam(self) -> Any:
        return boto3.client(
            "iam",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",  # noqa: S106
        )

    def new_key(self) -> tuple[str, str]:
        """Another access key of the user, and its secret."""
        with _without_checks():
            key = self.iam.create_access_key(UserName=_USER)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def revoke(self, access_key: str) -> None:
        with _without_checks():
            self.iam.delete_access_key(UserName=_USER, AccessKeyId=access_key)

    def upload(self, folder: Path, prefix: str = "lake") -> str:
        """The URL of a new bucket's prefix that holds what is below a folder."""
        bucket = f"bucket-{next(_numbers)}"
        self.client.create_bucket(Bucket=bucket)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder).as_posix()}"
                self.client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        self.forget()
        return f"s3://{bucket}/{prefix}"

    def forget(self) -> None:
        self.fetched.clear()
        self.asked.clear()


class _Counting:
    """A WSGI application that remembers what was asked of another one."""

    def __init__(self, application: Any, store: ObjectStore) -> None:
        self._application = application
        self._store = store

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        self._store.asked.append(f"{method} {path}")
        for chunk in self._application(environ, start_response):
            if method == "GET" and re.match(r"/[^/]+/.", path):
                self._store.fetched.append((path, len(chunk)))
            yield chunk


class _Silent(MotoRequestHandler):
    def log(self, *_told: Any) -> None:
        pass


@contextmanager
def _without_checks() -> Iterator[None]:
    settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
    yield
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    ActionAuthenticatorMixin.request_count = 0


@cache
def object_store() -> ObjectStore:
    """The server of these tests, with one user who may use S3 and nothing else."""
    store = ObjectStore("", "", "")
    application = _Counting(DomainDispatcherApplication(create_backend_app), store)
    server = make_server("127.0.0.1", 0, application, True, request_handler=_Silent)
    Thread(target=server.serve_forever, name="object-store", daemon=True).start()
    store.endpoint = f"http://127.0.0.1:{server.server_port}"
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    with _without_checks():
        store.iam.create_user(UserName=_USER)
        store.iam.put_user_policy(UserName=_USER, PolicyName="s3", PolicyDocument=policy)
    store.access_key, store.secret_key = store.new_key()
    return store
