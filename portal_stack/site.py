"""One CKAN site: its configuration, its web server and its job worker."""

import hashlib
import re
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import ckan
import psutil
import requests

from portal_stack import processes
from portal_stack.arguments import CHECKOUT
from portal_stack.backing import Backing
from portal_stack.errors import PortTaken
from portal_stack.home import Home, is_free, write_private
from portal_stack.services import Service

ORGANISATION = "smart-homes"
LARGEST_RESOURCE_MB = 5000
SETTING_DEFAULTS = {"ckan.plugins": "export"}


class Site:
    """A CKAN with databases of its own on a backing that other sites may share."""

    def __init__(
        self, home: Home, backing: Backing, port: int, name: str = "ckan", redis_database: int = 0
    ) -> None:
        self.home = home
        self.backing = backing
        self.port = port
        self.name = name
        self.redis_database = redis_database
        self.web = Web(self)
        self.worker = Worker(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def services(self) -> list[Service]:
        return [self.web, self.worker]

    def addresses(self) -> dict[str, str]:
        """The settings that say where the backing is."""
        postgres = self.backing.postgres
        return {
            "sqlalchemy.url": postgres.url(self.name),
            "ckan.datastore.write_url": postgres.url(f"{self.name}_datastore"),
            "ckan.datastore.read_url": postgres.url(f"{self.name}_datastore", "datastore_reader"),
            "solr_url": self.backing.solr.url(self.name),
            "ckan.redis.url": self.backing.valkey.url(self.redis_database),
        }

    def configure(self, lake: str, settings: dict[str, str]) -> None:
        """Writes the site's configuration file."""
        jwt = f"string:{self.home.secret('api_token')}"
        values = {
            "debug": "false",
            "SECRET_KEY": self.home.secret("secret_key"),
            "WTF_CSRF_SECRET_KEY": self.home.secret("csrf"),
            "api_token.jwt.encode.secret": jwt,
            "api_token.jwt.decode.secret": jwt,
            "ckan.site_id": self.name,
            "ckan.site_url": self.url,
            "ckan.site_title": "Smart-home observations",
            "ckan.storage_path": str(self.home.path / "storage"),
            "ckan.max_resource_size": str(LARGEST_RESOURCE_MB),
            "ckanext.export.lake.url": lake,
            "ckanext.export.owner_org": ORGANISATION,
            "ckanext.export.privacy.key": self.home.secret("privacy_key"),
            **self.addresses(),
            **SETTING_DEFAULTS,
            **settings,
        }
        write_private(self.home.ini, ini_text(values))

    @cached_property
    def code(self) -> str:
        """Changes when the extension or this portal does, so that what runs is what is there."""
        digest = hashlib.sha256(Path(sys.prefix, "installed").read_bytes())
        for folder in ("ckanext/export", "portal_stack"):
            for path in sorted((CHECKOUT / folder).rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    digest.update(f"{path}{path.stat().st_mtime_ns}".encode())
        return digest.hexdigest()

    def schema(self) -> str:
        """Changes when the database has to be brought up to date."""
        migrations = sorted((CHECKOUT / "ckanext/export/migration").rglob("versions/*.py"))
        return " ".join([ckan.__version__, *(path.name for path in migrations)])


class SiteService(Service):
    """A service that has to start again when the site's configuration or code has changed."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.home)
        self.site = site

    def fingerprint(self) -> str:
        parts = [self.site.home.ini.read_text(), self.site.code, super().fingerprint()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Web(SiteService):
    name = "ckan"
    title = "CKAN"
    patience = 90

    @property
    def address(self) -> str:
        return self.site.url

    def command(self) -> list[str | Path]:
        config = Path(__file__).with_name("gunicorn_config.py")
        return [sys.executable, "-m", "gunicorn", "-c", config, "portal_stack.serve:application"]

    def environment(self) -> dict[str, str]:
        return {
            "PORTAL_CKAN_INI": str(self.home.ini),
            "PORTAL_BIND": f"127.0.0.1:{self.site.port}",
            "PORTAL_RUN_FOLDER": str(self.home.path / "run"),
        }

    def prepare(self) -> None:
        if not is_free(self.site.port):
            raise PortTaken(self.site.port)

    def answers(self) -> bool:
        process = self.process()
        return bool(process and _listens(process.pid, self.site.port) and _status(self.site.url))


class Worker(SiteService):
    name = "worker"
    title = "Job worker"

    @property
    def address(self) -> str:
        return "queue in Valkey"

    def command(self) -> list[str | Path]:
        program = Path(sys.executable).with_name("ckan")
        return [sys.executable, program, "-c", self.home.ini, "jobs", "worker"]

    def answers(self) -> bool:
        """The worker registers itself in Valkey once it can take jobs."""
        import redis
        from rq import Worker as RqWorker

        process = processes.alive(self.pid_file)
        with redis.Redis.from_url(self.site.backing.valkey.url(self.site.redis_database)) as client:
            try:
                workers = RqWorker.all(connection=client)
            except redis.RedisError:
                return False
        return process is not None and any(worker.pid == process.pid for worker in workers)


def _listens(pid: int, port: int) -> bool:
    """Whether it is this process that has the port, as another portal would answer as well."""
    try:
        sockets = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(s.status == psutil.CONN_LISTEN and s.laddr.port == port for s in sockets)


def _status(url: str) -> dict[str, Any] | None:
    try:
        answer = requests.get(f"{url}/api/3/action/status_show", timeout=5)
    except requests.RequestException:
        return None
    return answer.json()["result"] if answer.ok else None


def ini_text(values: dict[str, str]) -> str:
    lines = [f"{key} = {escape(value)}" for key, value in values.items()]
    return "\n".join(["[app:main]", *lines, LOGGING])


def escape(value: str) -> str:
    """A per cent sign in CKAN's configuration refers to another key unless it is doubled."""
    return value.replace("%", "%%")


def site_name(home: Path) -> str:
    """A name for databases and indexes, the same for the same home and fit for all of them."""
    readable = re.sub(r"[^a-z0-9]+", "_", home.name.lower())[:20]
    return f"ckan_{readable}_{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"


LOGGING = """
[loggers]
keys = root, ckan, ckanext

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console

[logger_ckan]
level = INFO
handlers = console
qualname = ckan
propagate = 0

[logger_ckanext]
level = INFO
handlers = console
qualname = ckanext
propagate = 0

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s] %(message)s
"""
