import argparse
import os
import time
from pathlib import Path

from . import report
from .machine import describe
from .plan import ASKED_FOR, EXTRAS, Bench
from .tables import tables

ROWS, REPEAT = 10_000_000, 3
DOCS = Path(__file__).parent.parent / "docs"

DESCRIPTION = """\
Measures the Export API over HTTP on a portal of its own, beside its limit and its peers, and
prints what was reached with the targets in brackets. It never fails because of a time."""
EXTRA_WORDS = """\
limit: scan, compression, and DuckDB with isal; datastore: CKAN's own dump; original: pandas and
zip level 9; varied: a lake without repetition; formats: each beside DuckDB's COPY and pandas;
lakes: each kind beside DuckDB's COPY; growth: time and memory over the rows; parts: why the
pipeline is built as it is; postgresql: a lake in PostgreSQL beside psql; only when named:
privacy, its rules on and off; repetitive, a lake as a single house's; trino, one behind a Trino
server, which is downloaded (0.8 GB); spark, beside the lakes, PySpark on the Hudi table, which is
downloaded (0.6 GB)"""


def main() -> None:
    asked = _parser().parse_args()
    home = Path(os.environ.get("EXPORT_BENCH_HOME") or Path.cwd() / ".bench").resolve()
    home.mkdir(parents=True, exist_ok=True)
    begun, load = time.monotonic(), os.getloadavg()[0]
    bench = Bench(home, asked.rows, asked.repeat, _wanted(asked), _say)
    bench.run()
    machine = describe(load, bench.peer_packages)
    _say("")
    for table in tables(bench):
        _say(report.shown(table))
    for path in report.write(bench, machine, asked.output or _folder(asked, home)):
        _say(f"Written: {path}")
    _say(f"The benchmark took {(time.monotonic() - begun) / 60:.0f} minutes.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./portal bench", description=DESCRIPTION)
    parser.add_argument(
        "--rows",
        type=_positive,
        default=ROWS,
        metavar="N",
        help="observations of the lakes, about (default: 10 million)",
    )
    parser.add_argument(
        "--repeat",
        type=_positive,
        default=REPEAT,
        metavar="N",
        help=f"rounds of which the median counts (default: {REPEAT})",
    )
    parser.add_argument(
        "--only",
        action="extend",
        type=_extras,
        metavar="WHAT,…",
        help=f"beside the export only these of {', '.join(EXTRAS + ASKED_FOR)}, or `export` for "
        f"none; {EXTRA_WORDS}",
    )
    parser.add_argument(
        "--also",
        action="extend",
        type=_extras,
        default=[],
        metavar="WHAT,…",
        help=f"more than a whole run has, of {', '.join(ASKED_FOR)}",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where page, figures and picture are written (default: docs/ for a whole run, the "
        "benchmark's own folder otherwise)",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return int(text)


def _extras(text: str) -> list[str]:
    names = [name for name in text.split(",") if name != "export"]
    for name in names:
        if name not in EXTRAS + ASKED_FOR:
            known = ", ".join(EXTRAS + ASKED_FOR)
            raise argparse.ArgumentTypeError(f"{name} is none of {known}")
    return names


def _wanted(asked: argparse.Namespace) -> tuple[str, ...]:
    wanted = EXTRAS if asked.only is None else tuple(asked.only)
    return (*wanted, *asked.also)


def _folder(asked: argparse.Namespace, home: Path) -> Path:
    """A short run must not replace the figures of the documentation unasked."""
    whole = asked.rows >= ROWS and asked.only is None
    return DOCS if whole else home / "report"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
