"""The right to be forgotten: what happens to a home, and to what already holds it."""

import time
from dataclasses import dataclass

from ckan import model

from . import jobs, keys, prepare, renewal
from .errors import ExportError, Misconfigured
from .lake import Lake
from .model import Job
from .model.job import RENEW
from .observations import distinct_values
from .query import Query


@dataclass(frozen=True)
class Outcome:
    """`changed`: whether it was not so before; `prepared`: prepared exports that were deleted;
    `published`: published files that may hold the home; `job`: the one that makes these again or
    withdraws them, None where there are none."""

    changed: bool
    prepared: int
    published: int
    job: Job | None


def forget(home: str, user: model.User) -> Outcome:
    """The home leaves the lake no more, from now on. Doing it again does what was left to do.

    Nothing but a keyed hash of its id is kept, neither in the job. Raises Misconfigured.
    """
    changed = keys.forget(home)
    published = renewal.left()
    job = jobs.create(RENEW, user.id, renewal.asked_for(withdraw=True)) if published else None
    return Outcome(changed, _withdraw_prepared(), published, job)


def remember(home: str) -> Outcome:
    """The home may be exported again; published files lack it until they are renewed."""
    return Outcome(keys.remember(home), 0, renewal.left(), None)


def _withdraw_prepared() -> int:
    """Those that remain where the storage fails are not handed out, and deleted by `tidy`."""
    try:
        return prepare.purge()
    except Misconfigured:
        return 0  # no place for prepared exports, so there are none


def is_in_lake(lake: Lake, home: str, seconds: float) -> bool | None:
    """Whether the lake has observations of a home; None when so many seconds do not tell, or the
    lake cannot be read."""
    until = time.monotonic() + seconds
    try:
        with lake.scan(Query()) as scan:
            for batch in scan.batches(("home",)):
                if home in distinct_values(batch.column("home")):
                    scan.cancel()
                    return True
                if time.monotonic() > until:
                    scan.cancel()
                    return None
    except ExportError:
        return None
    return False
