"""`ckan export …`: the Export API for who administers the portal."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import click
from tqdm import tqdm

from . import counted, orders, recent
from .check import check as check_lake
from .cli_jobs import publish_command, tidy
from .cli_jobs import told as _told
from .cli_keys import forget, rotate_key
from .demo import DemoLakeError, make_demo_lake
from .export import Export
from .formats import describe_formats, find_formats
from .privacy.report import report as privacy_report
from .query import Query
from .shortcomings import shortcomings

__all__ = ["export"]


@click.group()
def export() -> None:
    """Exports of the data lake."""


def _filters(command: Any) -> Any:
    """The options that are the API's parameters."""
    for option in (
        click.option("--units", multiple=True, help="Units of measurement."),
        click.option("--types", multiple=True, help="Producer types, such as sensor."),
        click.option("--date-to", default="", help="Last UTC day, yyyy-mm-dd."),
        click.option("--date-from", default="", help="First UTC day, yyyy-mm-dd."),
    ):
        command = option(command)
    return command


def _query(date_from: str, date_to: str, types: tuple[str, ...], units: tuple[str, ...]) -> Query:
    return Query.parse(
        {"date_from": [date_from], "date_to": [date_to], "types": types, "units": units}
    )


@export.command()
def formats() -> None:
    """The formats, and what each is good for."""
    for kind in describe_formats():
        click.echo(f"{kind['name']:8}{kind['description']}")


@export.command()
@_filters
def summary(**filters: Any) -> None:
    """What an export with these filters would hold, as JSON."""
    with _told():
        told = counted.summary(_query(**filters))
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


@export.command()
@click.argument("names", metavar="FORMAT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="The zip to write; - is standard output.")
@_filters
@click.pass_context
def write(context: click.Context, names: tuple[str, ...], output: str, **filters: Any) -> None:
    """Writes the zip that the API would send."""
    with _told(), context.meta["flask_app"].test_request_context():
        order = orders.order(_query(**filters), find_formats(names), occasion="file")
        exported = Export(orders.lake(), order, report=recent.note)
    try:
        with _told(), _whole(output) as file:
            _save(exported, file)
    finally:
        exported.close()


@contextmanager
def _whole(output: str) -> Iterator[IO[bytes]]:
    """A file that gets its name when it is complete."""
    if output == "-":
        yield sys.stdout.buffer
        return
    partial = Path(f"{output}.part")
    try:
        with partial.open("wb") as file:
            yield file
        os.replace(partial, output)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _save(exported: Export, file: IO[bytes]) -> None:
    begun, size = time.monotonic(), 0
    with tqdm(unit=" rows", unit_scale=True, file=sys.stderr) as bar:
        for chunk in exported:
            file.write(chunk)
            size += len(chunk)
            speed = size / (time.monotonic() - begun) / 1e6
            bar.set_postfix_str(f"{speed:.1f} MB/s of zip", refresh=False)
            bar.update(exported.tally.rows - bar.n if exported.tally.rows > bar.n else 0)


@export.command()
@click.option(
    "--seconds", default=60.0, show_default=True, help="How long to read at most; 0 reads all."
)
@click.pass_context
def check(context: click.Context, seconds: float) -> None:
    """Opens the configured lake and says what is in it, how fast it is and what is wrong."""
    with _told():
        for sentence in check_lake(orders.lake(), orders.policy(), seconds):
            click.echo(sentence)
        with context.meta["flask_app"].test_request_context():
            for sentence in shortcomings():
                click.echo(f"The dataset of an export: {sentence}")


@export.command()
@click.option(
    "--seconds", default=60.0, show_default=True, help="How long to read at most; 0 reads all."
)
def privacy(seconds: float) -> None:
    """Says what the privacy rules withhold of the configured lake, with all values masked."""
    with (
        _told(),
        orders.lake().scan(Query()) as scan,
        closing(batch for batch in scan.batches()) as batches,
    ):
        for sentence in privacy_report(batches, orders.policy(), seconds):
            click.echo(sentence)


@export.command("demo-lake")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--homes", default=32, show_default=True, help="Homes; the first is the real one.")
@click.option("--days", type=int, help="Days from 2016-01-11 on; without it the whole period.")
def demo_lake(directory: Path, homes: int, days: int | None) -> None:
    """Makes a lake of one measured house and homes derived from it."""
    begun = time.monotonic()
    try:
        with tqdm(unit=" days", file=sys.stderr) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            rows = make_demo_lake(directory, homes, days, progress)
    except (DemoLakeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{rows:,} observations in {directory}, made in {time.monotonic() - begun:.1f} s")


for command in (publish_command, tidy, rotate_key, forget):
    export.add_command(command)
