"""The commands of ./portal, inside its own environment."""

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from portal_stack import first_export
from portal_stack.arguments import DEFAULT_HOME, Arguments, parse
from portal_stack.errors import PortalError, in_words
from portal_stack.home import Home
from portal_stack.portal import Choices, Portal
from portal_stack.services import clean_environment
from portal_stack.steps import Steps

NOT_ALL_RUNNING = 3


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    home = Home(arguments.home)
    return in_words(lambda: COMMANDS[arguments.command](home, arguments), home.path)


def up(home: Home, arguments: Arguments) -> int:
    steps = Steps()
    with home.make().lock():
        portal = Portal(home, chosen(Choices.remembered(home), arguments))
        changed = portal.up(steps)
        if arguments.export:
            export(portal, steps)
        steps.say(goodbye(portal, changed, steps.seconds))
    return 0


def chosen(last: Choices, arguments: Arguments) -> Choices:
    """What was chosen earlier, with what is chosen now on top."""
    kept = {k: v for k, v in last.settings.items() if k not in arguments.unset}
    lake = last.lake if arguments.lake is None else arguments.lake
    return replace(
        last,
        port=arguments.port or last.port,
        lake=None if lake == "demo" else absolute(lake),
        settings={**kept, **arguments.settings},
    )


def absolute(lake: str | None) -> str | None:
    """A lake that is a folder means the same from everywhere."""
    if lake and "://" not in lake:
        return str(Path(lake).expanduser().resolve())
    return lake


def export(portal: Portal, steps: Steps) -> None:
    address = f"{portal.url}/api/export/csv"
    address += first_export.query(portal.home, portal.lake, portal.url)
    with steps.step("First export over HTTP"):
        lines = first_export.make(portal.home, address, portal.home.path / "first-export.zip")
    for line in lines:
        steps.say(f"    {line}")


def goodbye(portal: Portal, changed: bool, seconds: float) -> str:
    query = first_export.query(portal.home, portal.lake, portal.url)
    elsewhere = portal.home.path != DEFAULT_HOME.resolve()
    home = f" --home {shlex.quote(str(portal.home.path))}" if elsewhere else ""
    running = "is up" if changed else "was running already; nothing had to be done"
    return f"""
The portal {running} ({seconds:.0f} s).
  Portal          {portal.url}
  Swagger UI      {portal.url}/api/export/ui/
  On a terminal   curl -OJ '{portal.url}/api/export/csv{query}'
  Administrator   admin, password in {portal.home.password_file}
  Stop it with    ./portal down{home}"""


def down(home: Home, arguments: Arguments) -> int:
    with home.lock():
        stopped = Portal(home, Choices.remembered(home)).down(Steps())
    print("The portal is down." if stopped else "Nothing was running.")
    return 0


def status(home: Home, arguments: Arguments) -> int:
    portal = Portal(home, Choices.remembered(home))
    states = [service.state() for service in portal.services]
    for service, state in zip(portal.services, states, strict=True):
        print(f"{service.title:<12} {state:<14} {service.address:<34} {service.log}")
    return 0 if set(states) == {"running"} else NOT_ALL_RUNNING


def ckan(home: Home, arguments: Arguments) -> int:
    if not home.ini.exists():
        raise PortalError(f"There is no portal in {home.path} yet: run `./portal up` first.")
    program = str(Path(sys.executable).with_name("ckan"))
    environment = clean_environment(home)
    os.execve(  # noqa: S606  CKAN's own program in our environment
        sys.executable,
        [sys.executable, program, "-c", str(home.ini), *arguments.rest],
        environment,
    )


def test(home: Home, arguments: Arguments) -> int:
    from portal_stack.testing import run

    return run(home, arguments.rest)


def bench(home: Home, arguments: Arguments) -> int:
    folder = home.path / "bench"
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "EXPORT_BENCH_HOME": str(folder)}
    os.execve(  # noqa: S606  our own benchmark in our environment
        sys.executable, [sys.executable, "-P", "-m", "bench", *arguments.rest], environment
    )


COMMANDS = {"up": up, "down": down, "status": status, "ckan": ckan, "test": test, "bench": bench}
