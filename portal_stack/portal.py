"""A whole portal: what has to be done, in which order, and what is done already."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal_stack import maven, processes, solr_server
from portal_stack.arguments import DEFAULT_PORT
from portal_stack.backing import Backing
from portal_stack.errors import PortTaken, explain
from portal_stack.home import Home, is_free
from portal_stack.lake import demo_folder, make_demo_lake
from portal_stack.services import clean_environment
from portal_stack.site import Site, site_name
from portal_stack.steps import Steps


@dataclass(frozen=True)
class Choices:
    """What a person can choose about a portal."""

    port: int = DEFAULT_PORT
    lake: str | None = None  # None: the demo lake
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def remembered(cls, home: Home) -> "Choices":
        return cls(**home.state.get("choices", {}))


class Portal:
    """A site with its backing; the backing may be that of another home."""

    def __init__(self, home: Home, choices: Choices, backing: Backing | None = None) -> None:
        self.home = home
        self.choices = choices
        self.backing = backing or Backing(home)
        own = self.backing.home.path == home.path
        name = "ckan" if own else site_name(home.path)
        redis_database = 0 if own else self.backing.redis_database(name)
        self.site = Site(home, self.backing, choices.port, name, redis_database)
        self.services = [*(self.backing.services if own else []), *self.site.services]

    @property
    def url(self) -> str:
        return self.site.url

    @property
    def ini(self) -> Path:
        """The configuration file of its CKAN."""
        return self.home.ini

    @property
    def pid(self) -> int | None:
        """The process id of gunicorn, whose only child is the process that serves."""
        running = self.site.web.process()
        return running.pid if running else None

    @property
    def admin_token(self) -> str:
        """An API token of the system administrator."""
        return self.home.known_secret("admin_token") or ""

    @property
    def lake(self) -> str:
        return self.choices.lake or str(demo_folder(self.home))

    def up(self, steps: Steps) -> bool:
        """Does whatever is missing; False if everything was running as chosen already."""
        self.check_port()
        words = self.start_backing(steps)
        self.make_lake(steps)
        self.site.configure(self.lake, self.choices.settings)
        self.fill(steps)
        for service in self.site.services:
            words.append(_start(service, steps))
        self.home.remember(choices=vars(self.choices))
        return any(word != "already running" for word in words)

    def check_port(self) -> None:
        """Raises PortTaken before anything is changed."""
        web = self.site.web
        if not web.process():
            processes.stop(web.pid_file)  # what a killed server left may still hold the port
        elif Choices.remembered(self.home).port == self.choices.port:
            return
        if not is_free(self.choices.port):
            raise PortTaken(self.choices.port)

    def start_backing(self, steps: Steps) -> list[str]:
        return start_backing(self.backing, steps)

    def make_lake(self, steps: Steps) -> None:
        if self.choices.lake is None and not demo_folder(self.home).exists():
            with steps.step("Demo lake"):
                make_demo_lake(self.home)

    def fill(self, steps: Steps) -> None:
        """The databases, the search index, and CKAN's first account and organisation."""
        new = self.backing.postgres.make_site(self.site.name)
        self.backing.solr.make_core(self.site.name)
        schema = self.site.schema()
        if new or self.home.state.get("schema") != schema:
            with steps.step("CKAN database"):
                run_ckan(self.home, "db", "init")
                run_ckan(self.home, "db", "pending-migrations", "--apply")
            self.home.remember(schema=schema)
        if new or not (self.home.state.get("seeded") and self.admin_token):
            with steps.step("Administrator and organisation"):
                seed = ["-P", "-m", "portal_stack.ckan_seed", self.home.ini, self.home.path]
                run_python(self.home, seed, "Making the administrator failed")
            self.home.remember(seeded=True)

    def down(self, steps: Steps) -> int:
        """Stops what runs and returns how many services that were."""
        stopped = 0
        for service in reversed(self.services):
            if processes.read(service.pid_file):
                with steps.step(f"Stopping {service.title}"):
                    stopped += service.stop()
        return stopped


def start_backing(backing: Backing, steps: Steps) -> list[str]:
    """Makes PostgreSQL, Valkey and Solr run; one word for each on what that took."""
    if not backing.solr.jars.exists():
        with steps.step("Solr programs", lambda: maven.so_far(backing.home)):
            solr_server.download_jars(backing.home)
    return [_start(service, steps) for service in backing.services]


def _start(service, steps: Steps) -> str:
    with steps.step(service.title) as step:
        step.note = service.start()
    return step.note


def run_ckan(home: Home, *arguments: str) -> None:
    """One command of CKAN, with its output in a log.

    Raises PortalError when it fails.
    """
    program = Path(sys.executable).with_name("ckan")
    run_python(home, [program, "-c", home.ini, *arguments], f"`ckan {' '.join(arguments)}` failed")


def run_python(home: Home, arguments: list[str | Path], problem: str) -> None:
    log = home.log("setup")
    logged = log.stat().st_size if log.exists() else 0
    environment = clean_environment(home) | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment,
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=home.locks,
        )
    if done.returncode:
        raise explain(problem, log, logged)


def test_home() -> Path | None:
    """The home whose services run for the tests, within `./portal test`."""
    folder = os.environ.get("PORTAL_TEST_HOME")
    return Path(folder) if folder else None


@contextmanager
def running_portal(
    home: Path,
    *,
    lake: str | None = None,
    settings: dict[str, str] | None = None,
    port: int | None = None,
    backing_home: Path | None = None,
) -> Iterator[Portal]:
    """A whole portal for as long as the block lasts, over HTTP on a port of its own.

    Its databases are made on the PostgreSQL, Valkey and Solr of `backing_home`, which have to
    run: by default on those of `./portal test`. Elsewhere it starts its own. `lake` None means a
    demo lake of its own. The home is kept, so that the same portal starts faster the next time.
    """
    backing_home = backing_home or test_home()
    tools = Path(sys.prefix).parent
    own = Home(home, tools).make()
    backing = Backing(Home(backing_home, tools)) if backing_home else Backing(own, durable=False)
    choices = Choices(port or own.port("portal", in_use=False), lake, settings or {})
    portal = Portal(own, choices, backing)
    quiet = Steps(quiet=True)
    try:
        with own.lock():
            portal.up(quiet)
        yield portal
    finally:
        portal.down(quiet)
