"""`ckan export publish` and `tidy`: what a cron line runs."""

from typing import Any

import ckantoolkit as tk
import click
from ckan import model

from . import jobs, prepare, publish
from .errors import ExportError
from .model import Job, is_migrated
from .model.job import COMPLETE, PUBLISH


@click.command("publish")
@click.option("--month", "months", multiple=True, help="yyyy-mm; may be repeated.")
@click.option("--changed", is_flag=True, help="Every month that has changed since it was.")
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
    context: click.Context, months: tuple[str, ...], user: str, background: bool, **asked: Any
) -> None:
    """Publishes observations as files of a dataset."""
    asked["date_from"], asked["date_to"] = [asked["date_from"]], [asked["date_to"]]
    with context.meta["flask_app"].test_request_context():
        _expect_table()
        failed = [_publish({**asked, "month": m}, user, background) for m in months or ("",)]
    if any(failed):
        raise click.exceptions.Exit(1)


def _publish(asked: dict[str, Any], user: str, background: bool) -> bool:
    """Whether it failed."""
    try:
        job = jobs.create(PUBLISH, _user(user).id, publish.asked_for(asked))
        if background:
            jobs.enqueue(job)
            click.echo(f"{job.id} is queued")
            return False
    except ExportError as error:
        raise click.ClickException(error.explain()) from error
    id = job.id
    jobs.run(id)
    job = model.Session.get_one(Job, id)
    for found in job.result.get("editions", []):
        click.echo(f"{found['edition']}: {found['outcome']}, {found.get('rows', 0):,} rows")
    if job.error:
        click.echo(f"Error: {job.error}", err=True)
    return job.state != COMPLETE


def _user(name: str) -> model.User:
    name = name or tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    found = model.User.get(name)
    if found is None:
        raise click.ClickException(f"There is no user {name}.")
    return found


def _expect_table() -> None:
    if not is_migrated():
        raise click.ClickException(
            "Jobs have no table in the database yet: run `ckan db upgrade -p export`."
        )


@click.command()
@click.pass_context
def tidy(context: click.Context) -> None:
    """Deletes prepared exports whose time has come."""
    with context.meta["flask_app"].test_request_context():
        _expect_table()
        click.echo(f"{prepare.purge()} deleted")
