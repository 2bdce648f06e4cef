"""Actions on jobs: publishing, preparing, and what became of them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ckantoolkit as tk
from ckan import authz, model

from .. import jobs, prepare, publish
from ..errors import TELL, BadParameter, ExportError, Misconfigured
from ..model import Job, is_migrated
from ..model.job import PREPARE, PUBLISH
from ..query import PARAMETERS

log = logging.getLogger(__name__)

_MOST = 100  # jobs in a list
_FLAGS = ("changed",)
_INTERNAL = ("forgotten",)  # of a result: would tell when somebody wanted to be forgotten


def export_publish(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Publishes observations as files of a dataset, in a background job.

    Publishing the same again replaces the files where the data have changed. For sysadmins and
    for editors of the organisation that owns the exports.

    :param month: ``yyyy-mm``, instead of the days (optional)
    :param date_from: first UTC day, ``yyyy-mm-dd`` (optional)
    :param date_to: last UTC day, ``yyyy-mm-dd`` (optional)
    :param types: producer types, a list or comma-separated (optional)
    :param units: units of measurement, a list or comma-separated (optional)
    :param formats: a list or comma-separated (optional,
        default: ``ckanext.export.publish.formats``)
    :param dataset: name or id of the dataset, which is made where it is not there (optional,
        default: ``ckanext.export.publish.dataset``)
    :param changed: true: every month whose data have changed since it was published (optional)

    Returns the job as ``export_job_show`` does.
    """
    with told():
        expect(data_dict, {*PARAMETERS, "month", "formats", "dataset", "changed"})
        asked = publish.asked_for(_parameters(data_dict))
        tk.check_access("export_publish", context, asked)
        return _start(context, PUBLISH, asked)


def export_prepare(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Prepares an export for who asks, in a background job, to be fetched for some days.

    :param formats: a list or comma-separated
    :param date_from: first UTC day, ``yyyy-mm-dd`` (optional)
    :param date_to: last UTC day, ``yyyy-mm-dd`` (optional)
    :param types: producer types, a list or comma-separated (optional)
    :param units: units of measurement, a list or comma-separated (optional)

    Returns the job as ``export_job_show`` does.
    """
    tk.check_access("export_prepare", context, data_dict)
    with told():
        expect(data_dict, {*PARAMETERS, "formats"})
        asked = prepare.asked_for(_parameters(data_dict))
        prepare.storage()
        prepare.expect_place(current_user(context).id)
        return _start(context, PREPARE, asked)


@tk.side_effect_free
def export_job_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How a job is: for its owner and for sysadmins.

    :param id: the job's

    Returns id, kind (``publish`` or ``prepare``), state (``waiting``, ``running``, ``complete``,
    ``failed`` or ``cancelled``), percent, rows, bytes (those of the data files or of the zip),
    seconds, created, started, ended, error (in words, empty without one), asked and result. A
    prepared export has url and expires as long as it may be fetched.
    """
    with told():
        job = _job(data_dict)
        tk.check_access("export_job_show", context, {"id": job.id})
        return dictize(jobs.settle(job))


@tk.side_effect_free
def export_job_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """The last jobs, the newest first: one's own, and for sysadmins those of all.

    :param kind: ``publish`` or ``prepare`` (optional)
    :param limit: at most so many, 20 by default and 100 at most (optional)
    """
    tk.check_access("export_job_list", context, data_dict)
    with told():
        expect(data_dict, {"kind", "limit"})
        conditions = {"kind": data_dict["kind"]} if data_dict.get("kind") else {}
        if not authz.is_sysadmin(context["user"]):
            conditions["user_id"] = current_user(context).id
        found = Job.last(_limit(data_dict.get("limit", 20)), **conditions)
        return [dictize(jobs.settle(job)) for job in found]


def export_job_cancel(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Ends a job that waits or runs: for its owner and for sysadmins.

    :param id: the job's
    """
    with told():
        job = _job(data_dict)
        tk.check_access("export_job_cancel", context, {"id": job.id})
        jobs.cancel(job.id)
        return dictize(job)


def export_job_delete(context: Any, data_dict: dict[str, Any]) -> None:
    """Forgets a job, and deletes what it has prepared: for its owner and for sysadmins.

    :param id: the job's

    What a job has published stays.
    """
    with told():
        job = _job(data_dict)
        tk.check_access("export_job_delete", context, {"id": job.id})
        jobs.cancel(job.id)
        prepare.discard(job)
        model.Session.delete(job)
        model.Session.commit()


@contextmanager
def told() -> Iterator[None]:
    """Expected failures as CKAN tells them."""
    if not is_migrated():
        raise tk.ValidationError({"message": [f"Jobs have no table in the database yet; {TELL}"]})
    try:
        yield
    except BadParameter as error:
        name = error.members.get("parameter", "parameter")
        raise tk.ValidationError({name: [error.detail]}) from error
    except ExportError as error:
        if isinstance(error, Misconfigured):
            log.error("No job: %s", error.explain())
        raise tk.ValidationError({"message": [error.detail]}) from error


def _start(context: Any, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    job = jobs.create(kind, current_user(context).id, asked)
    jobs.enqueue(job)
    return dictize(job)


def current_user(context: Any) -> model.User:
    found = model.User.get(context["user"])
    if found is None:
        raise tk.NotAuthorized(tk._("Log in to prepare exports and to see them."))
    return found


def _job(data: dict[str, Any]) -> Job:
    id = tk.get_or_bust(data, "id")
    found = Job.get(id) if isinstance(id, str) else None
    if found is None:
        raise tk.ObjectNotFound("There is no such job.")
    return found


def expect(data: dict[str, Any], names: set[str]) -> None:
    for name in data:
        if name not in names:
            raise BadParameter(
                f"The parameter {name[:80]!r} is not known; use {', '.join(sorted(names))}.",
                parameter=name[:80],
            )


def _parameters(data: dict[str, Any]) -> dict[str, Any]:
    """Filters and formats as lists of texts, the rest as it is meant."""
    parsed: dict[str, Any] = {}
    for name, value in data.items():
        if name in _FLAGS:
            parsed[name] = tk.asbool(value)
            continue
        values = texts(name, value)
        parsed[name] = values if name in (*PARAMETERS, "formats") else values[0]
    return parsed


def texts(name: str, value: Any) -> list[str]:
    """A parameter's values. Raises BadParameter."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in values):
        raise BadParameter(f"{name} must be a text or a list of texts.", parameter=name)
    return values


def _limit(value: Any) -> int:
    try:
        return max(1, min(_MOST, int(value)))
    except (TypeError, ValueError):
        raise BadParameter("limit must be a number.", parameter="limit") from None


def dictize(job: Job) -> dict[str, Any]:
    owner = model.Session.get(model.User, job.user_id)
    shown = {
        name: getattr(job, name)
        for name in ("id", "kind", "state", "percent", "rows", "bytes", "seconds", "error")
    }
    times = {name: getattr(job, name) for name in ("created", "started", "ended")}
    shown |= {name: time.isoformat() if time else None for name, time in times.items()}
    result = {name: value for name, value in job.result.items() if name not in _INTERNAL}
    shown |= {"user": owner.name if owner else None, "asked": job.asked, "result": result}
    file, until = prepare.kept_file(job), prepare.expires(job)
    if file and until:
        shown |= {
            "url": tk.url_for("export_jobs.download", id=job.id, qualified=True),
            "size": file.size,
            "expires": until.isoformat(),
        }
    return shown
