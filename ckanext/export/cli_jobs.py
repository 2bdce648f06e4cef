"""`ckan export publish` and `tidy`: what a cron line runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ckantoolkit as tk
import click
from ckan import model

from . import jobs, prepare, publish, renewal
from .errors import ExportError
from .model import Job, is_migrated
from .model.job import COMPLETE, PUBLISH, RENEW


@click.command("publish")
@click.option("--month", "months", multiple=True, help="yyyy-mm; may be repeated.")
@click.option("--changed", is_flag=True, help="Every month that has changed since it was.")
@click.option(
    "--renew", is_flag=True, help="Every publication whose rules of privacy have changed since."
)
@click.option("--date-from", default="", help="First UTC day, yyyy-mm-dd.")
@click.option("--date-to", default="", help="Last UTC day, yyyy-mm-dd.")
@click.option("--types", multiple=True, help="Producer types, such as sensor.")
@click.option("--units", multiple=True, help="Units of measurement.")
@click.option("--formats", multiple=True, help="By default ckanext.export.publish.formats.")
@click.option("--dataset", default="", help="By default ckanext.export.publish.dataset.")
@click.option("--user", default="", help="Whose rights count; by default the site's own.")
@click.option("--background", is_flag=True, help="Leave it to CKAN's workers.")
@click.pass_context
def publish_command(
    context: click.Context,
    months: tuple[str, ...],
    renew: bool,
    user: str,
    background: bool,
    **asked: Any,
) -> None:
    """Publishes observations as files of a dataset."""
    asked["date_from"], asked["date_to"] = [asked["date_from"]], [asked["date_to"]]
    with context.meta["flask_app"].test_request_context():
        expect_tables()
        if renew:
            wanted = [(RENEW, renewal.asked_for(withdraw=False))]
        else:
            wanted = [(PUBLISH, {**asked, "month": name}) for name in months or ("",)]
        failed = [_publish(kind, data, user, background) for kind, data in wanted]
    if any(failed):
        raise click.exceptions.Exit(1)


def _publish(kind: str, asked: dict[str, Any], user: str, background: bool) -> bool:
    """Whether it failed."""
    with told():
        data = publish.asked_for(asked) if kind == PUBLISH else asked
        job = jobs.create(kind, (_user(user) if user else site_user()).id, data)
        if background:
            jobs.enqueue(job)
            click.echo(f"{job.id} is queued")
            return False
    id = job.id
    jobs.run(id)
    return tell(id).state != COMPLETE


@contextmanager
def told() -> Iterator[None]:
    """Expected failures in a sentence, with what an administrator may know."""
    try:
        yield
    except ExportError as error:
        raise click.ClickException(error.explain()) from error


def tell(id: str) -> Job:
    """What has become of a job."""
    job = model.Session.get_one(Job, id)
    for found in job.result.get("editions", []):
        click.echo(f"{found['edition']}: {found['outcome']}, {found.get('rows', 0):,} rows")
    if job.error:
        click.echo(f"Error: {job.error}", err=True)
    return job


def site_user() -> model.User:
    return _user(tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"])


def _user(name: str) -> model.User:
    found = model.User.get(name)
    if found is None:
        raise click.ClickException(f"There is no user {name}.")
    return found


def expect_tables() -> None:
    if not is_migrated():
        raise click.ClickException(
            "The extension's tables are not in the database yet: run `ckan db upgrade -p export`."
        )


@click.command()
@click.pass_context
def tidy(context: click.Context) -> None:
    """Deletes prepared exports whose time has come."""
    with context.meta["flask_app"].test_request_context():
        expect_tables()
        click.echo(f"{prepare.purge()} deleted")
