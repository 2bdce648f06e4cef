"""The action of the right to be forgotten."""

import logging
from typing import Any

import ckantoolkit as tk

from .. import forgetting, jobs
from ..errors import ExportError
from .jobs import current_user, dictize, expect, told

log = logging.getLogger(__name__)


def export_home_forget(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Excludes a home from every export, summary, preview and publication from now on.

    Only a keyed hash of its id is kept. Prepared exports that may hold it are deleted; published
    files that may hold it are made again without it, or withdrawn, in a background job. Doing it
    again does what was left to do. For sysadmins.

    :param home: the home's id in the lake
    :param undo: true: the home may be exported again (optional)

    Returns changed (whether it was not so before), prepared (how many were deleted), published
    (how many files older rules have made) and job, as ``export_job_show`` tells it, or null where
    there is nothing to make again.
    """
    tk.check_access("export_home_forget", context, {})
    with told():
        expect(data_dict, {"home", "undo"})
        home = tk.get_or_bust(data_dict, "home")
        if not isinstance(home, str) or not home:
            raise tk.ValidationError({"home": ["must be the id of a home, a text"]})
        if tk.asbool(data_dict.get("undo", False)):
            done = forgetting.remember(home)
        else:
            done = forgetting.forget(home, current_user(context))
    return {
        "changed": done.changed,
        "prepared": done.prepared,
        "published": done.published,
        "job": _queued(done.job.id) if done.job else None,
    }


def _queued(job_id: str) -> dict[str, Any]:
    """The home is forgotten in any case; the job says what is left to do without a queue."""
    try:
        jobs.enqueue(jobs.find(job_id))
    except ExportError as error:
        log.error("Published files may hold a forgotten home: %s", error.explain())
    return dictize(jobs.find(job_id))
