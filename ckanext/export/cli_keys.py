"""`ckan export rotate-key` and `forget`: who is who outside of the lake, and who is nobody."""

import sys

import click

from . import forgetting, jobs, keys, orders, renewal
from .cli_jobs import expect_tables, site_user, tell, told
from .model.job import COMPLETE

_PATIENCE = 60.0  # seconds that the lake is searched for a home


@click.command("rotate-key")
@click.option("--yes", is_flag=True, help="Does not ask.")
@click.pass_context
def rotate_key(context: click.Context, yes: bool) -> None:
    """Makes old and new exports unlinkable: every home gets a new pseudonym."""
    with context.meta["flask_app"].test_request_context(), told():
        expect_tables()
        before = orders.policy().key_id
        click.echo(
            f"The key {before} makes the pseudonyms now. After a rotation nobody can join old and "
            "new exports by them, only by what was observed, and there is no way back."
        )
        if not yes:
            click.confirm("Rotate the key?", abort=True)
        keys.rotate()
        click.echo(f"The key is {orders.policy().key_id} now; it was {before}.")
        click.echo("Exports that were begun before, and prepared ones, have the old pseudonyms.")
        if sentence := renewal.what_is_left():
            click.echo(sentence)


@click.command()
@click.argument("home", required=False)
@click.option("--undo", is_flag=True, help="The home may leave the lake again.")
@click.option("--background", is_flag=True, help="Leaves published files to CKAN's workers.")
@click.pass_context
def forget(context: click.Context, home: str | None, undo: bool, background: bool) -> None:
    """Excludes a home from every export from now on, and from what is published.

    Without HOME, its id is read from the terminal or the standard input, so that it does not
    stand in the history of the shell. Only a keyed hash of it is kept.
    """
    home = home or _asked()
    with context.meta["flask_app"].test_request_context(), told():
        expect_tables()
        if undo:
            _remember(home)
            return
        failed = _forget(home, background)
    if failed:
        raise click.exceptions.Exit(1)


def _asked() -> str:
    home = (
        click.prompt("Home", hide_input=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\r\n")
    )
    if not home:
        raise click.UsageError("Say which home, as an argument or on the standard input.")
    return home


def _remember(home: str) -> None:
    done = forgetting.remember(home)
    click.echo("The home may be exported again." if done.changed else "It was not forgotten.")
    if sentence := renewal.what_is_left():
        click.echo(sentence)


def _forget(home: str, background: bool) -> bool:
    """Whether something is left to do."""
    done = forgetting.forget(home, site_user())
    click.echo("The home is forgotten." if done.changed else "The home was forgotten before.")
    policy = orders.policy()
    click.echo(f"Exports of the key {policy.key_id} know it as {policy.pseudonym(home)}.")
    click.echo(f"Prepared exports deleted: {done.prepared}")
    click.echo(f"Published files to make again or to withdraw: {done.published}")
    failed = bool(done.job) and not _renew(done.job.id, background)
    if forgetting.is_in_lake(orders.lake(), home, _PATIENCE) is False:
        click.echo(
            "The lake has no observation of this home: is its id right? It is the lake's own, "
            "not a pseudonym.",
            err=True,
        )
    return failed


def _renew(job_id: str, background: bool) -> bool:
    if background:
        jobs.enqueue(jobs.find(job_id))
        click.echo(f"{job_id} is queued")
        return True
    jobs.run(job_id)
    return tell(job_id).state == COMPLETE
