"""The command line. Only the standard library: it is read before anything is installed."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PASS_ON = ("ckan", "test", "bench")
DEFAULT_PORT = 5000
DEFAULT_HOME = CHECKOUT / ".portal"

DESCRIPTION = """\
Sets up and runs a whole CKAN portal with the Export API in one folder: Python packages,
PostgreSQL, Valkey, Solr, CKAN, a job worker and a demo lake. No root, no Docker, no compiler."""

UP_NOTE = """\
An option is remembered in the home folder: a later `up` without it keeps what was chosen,
one with it replaces it (of --set, key by key). What is changed takes effect at once: the
services concerned are restarted. A running portal is left alone when nothing has changed."""


@dataclass
class Arguments:
    command: str
    home: Path
    port: int | None = None
    lake: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    export: bool = True
    rest: list[str] = field(default_factory=list)


def parse(argv: list[str]) -> Arguments:
    """Raises SystemExit, as argparse does, for wrong arguments and for --help."""
    own, rest = _split(argv)
    found = _parser().parse_args(own)
    return Arguments(
        command=found.command,
        home=Path(found.home_here or found.home or DEFAULT_HOME).expanduser().resolve(),
        port=getattr(found, "port", None),
        lake=getattr(found, "lake", None),
        settings=dict(getattr(found, "settings", None) or []),
        unset=getattr(found, "unset", None) or [],
        export=not getattr(found, "no_export", False),
        rest=rest,
    )


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those that belong to the program that is called."""
    words = iter(range(len(argv)))
    for index in words:
        if argv[index] == "--home":
            next(words, None)
        elif argv[index] in PASS_ON:
            end = index + 1
            while end < len(argv) and argv[end].split("=")[0] == "--home":
                end += 1 if "=" in argv[end] else 2
            return argv[:end], argv[end:]
        elif not argv[index].startswith("-"):
            break
    return argv, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./portal", description=DESCRIPTION)
    _add_home(parser, "home")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser(
        "up", help="set up what is missing, start it and make a first export", epilog=UP_NOTE
    )
    up.add_argument("--port", type=_port, metavar="N", help="port of the portal (default: 5000)")
    up.add_argument(
        "--lake",
        metavar="URL",
        help="the lake to export from, a folder or a URL; `demo` is the demo lake (default)",
    )
    up.add_argument(
        "--set",
        dest="settings",
        action="append",
        type=_setting,
        metavar="KEY=VALUE",
        help="any CKAN configuration key, repeatable",
    )
    up.add_argument(
        "--unset", action="append", metavar="KEY", help="forget an earlier --set KEY, repeatable"
    )
    up.add_argument("--no-export", action="store_true", help="make no first export")
    for name, text in (
        ("down", "stop everything; nothing is deleted"),
        ("status", "show each service, its address and its log (exit code 3: not all run)"),
        ("ckan", "run CKAN's own command line in this portal: ./portal ckan user list"),
        ("test", "run the test suite with services of its own; takes pytest's arguments"),
        ("bench", "run the benchmark; takes its arguments"),
    ):
        commands.add_parser(name, help=text, add_help=name not in PASS_ON)
    for command in commands.choices.values():
        _add_home(command, "home_here")
    return parser


def _add_home(parser: argparse.ArgumentParser, dest: str) -> None:
    parser.add_argument(
        "--home",
        dest=dest,
        metavar="DIR",
        help="the folder that holds everything (default: .portal in the checkout)",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give a number from 1 to 65535")
    return int(text)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key or any(sign in key for sign in "[]:\n") or "\n" in value:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE on one line")
    return key, value.strip()
