"""Exports that are made ready for one person, who fetches them later."""

import logging
import os
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import Any

import ckantoolkit as tk
import sqlalchemy as sa
from ckan import model
from ckan.lib import files, mailer
from ckan.lib.files import exc
from flask import Response
from werkzeug.datastructures import FileStorage

from . import config, counted, keys, orders, recent
from .errors import TELL, ExportError, Misconfigured
from .export import Export
from .formats import find_formats
from .model import Job
from .model.job import COMPLETE, PREPARE
from .package.contents import stem
from .progress import Progress
from .query import PARAMETERS, Query

log = logging.getLogger(__name__)

_ZIP = "application/zip"
_USUAL_FOLDER = "exports"


def declare_storage(portal: Any) -> None:
    """The storage of prepared exports, a folder beside CKAN's uploads unless the administrator
    has configured another one (`ckan.files.storage.export.…`)."""
    key = f"ckan.files.storage.{portal['ckanext.export.prepare.storage']}"
    parent = portal.get("ckan.storage_path")
    if parent and f"{key}.type" not in portal and _is_writable(f"{parent}/{_USUAL_FOLDER}"):
        portal[f"{key}.type"] = "ckan:fs"
        portal[f"{key}.path"] = f"{parent}/{_USUAL_FOLDER}"


def _is_writable(folder: str) -> bool:
    """A storage whose folder is not there would keep the whole portal from starting."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        log.warning("There is no place for prepared exports: %s", error)
        return False
    return os.access(folder, os.W_OK)


def storage() -> files.Storage:
    """Raises Misconfigured when the portal has no place for prepared exports."""
    try:
        found = files.get_storage(config.prepare_storage())
    except exc.UnknownStorageError as error:
        raise Misconfigured(
            f"This portal has no place for prepared exports; {TELL}",
            inside="set ckan.storage_path, or ckanext.export.prepare.storage to a file storage",
        ) from error
    if not isinstance(found, files.Storage):
        raise Misconfigured(inside="ckanext.export.prepare.storage is no storage of CKAN's own")
    return found


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """Makes the zip and keeps it in the portal's file storage, as a file of its owner's."""
    purge()
    query, kinds = Query.parse(job.asked["query"]), find_formats(job.asked["formats"])
    owner = model.Session.get_one(model.User, job.user_id)
    tk.check_access("export_observations", {"user": owner.name}, {})
    expected = counted.estimate(query)
    order = orders.order(query, kinds, owner.name, occasion="prepare")
    with TemporaryFile(prefix="ckan-export-") as spool:
        exported = Export(orders.lake(), order, report=recent.note)
        for piece in progress.watch(exported, expected, len(kinds)):
            spool.write(piece)
        progress.tell(1, now=True)
        spool.seek(0)
        name = f"{stem(order.description, order.generated)}.zip"
        kept = _keep(job.id, owner, FileStorage(spool, name, content_type=_ZIP))
        return {"file": kept, "forgotten": keys.state_of(order.policy.forgotten)}


def _keep(job_id: str, owner: model.User, upload: FileStorage) -> str:
    """The id of the file, in the storage under the job's name and with CKAN's own record of it."""
    place = storage()
    context: Any = {"user": owner.name, "auth_user_obj": owner, "ignore_auth": True}
    data = {"name": f"{job_id}.zip", "storage": place.settings.name, "upload": upload}
    kept = tk.get_action("file_create")(context, data)
    context = {"user": owner.name, "auth_user_obj": owner, "ignore_auth": True}
    tk.get_action("file_rename")(context, {"id": kept["id"], "name": upload.filename})
    return kept["id"]


def expires(job: Job) -> datetime | None:
    """When a complete export is deleted."""
    if job.kind != PREPARE or job.state != COMPLETE or job.ended is None:
        return None
    return job.ended + timedelta(days=config.prepare_days())


def kept_file(job: Job) -> model.File | None:
    """The file of a job, as long as it may be fetched: a home that was forgotten since the job
    began may be in it."""
    until = expires(job)
    if until is None or until < datetime.now(UTC) or not _is_of(job, keys.forgotten_state()):
        return None
    return model.Session.get(model.File, job.result.get("file"))


def response(file: model.File) -> Response:
    """The file; with the storage in a folder, in ranges of bytes where the client asks so."""
    answer = storage().as_response(files.FileData.from_object(file), file.name)
    answer.headers.set("Content-Disposition", "attachment", filename=file.name)
    return answer


def purge() -> int:
    """Deletes prepared exports whose time has come or that may hold a forgotten home, and what
    killed workers have left behind; says how many."""
    until = datetime.now(UTC) - timedelta(days=config.prepare_days())
    kept = model.Session.scalars(
        sa.select(model.File).where(model.File.storage == config.prepare_storage())
    ).all()
    state = keys.forgotten_state()
    deleted = sum(_delete(f.id) for f in kept if f.created < until or _holds_more(f, state))
    return deleted + _delete_untracked({str(file.location) for file in kept})


def _is_of(job: Job, state: str) -> bool:
    return job.result.get("forgotten", "") == state


def _holds_more(file: model.File, state: str) -> bool:
    job = Job.get(str(file.location).removesuffix(".zip"))
    return job is not None and not job.is_unfinished and not _is_of(job, state)


def _delete_untracked(known: set[str]) -> int:
    place, deleted = storage(), 0
    if not place.supports(files.Capability.SCAN | files.Capability.REMOVE):
        return 0
    for location in map(str, place.scan()):
        job = Job.get(location.removesuffix(".zip"))
        if location not in known and not (job and job.is_unfinished):
            deleted += place.remove(files.FileData(files.Location(location)))
    return deleted


def _delete(id: str) -> bool:
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    try:
        tk.get_action("file_delete")({"user": site, "ignore_auth": True}, {"id": id})
    except (exc.FilesError, OSError, tk.ValidationError) as error:
        log.error("A prepared export cannot be deleted: %s", error)
        return False
    return True


def discard(job: Job) -> None:
    """Deletes the file of a job at once."""
    if job.result.get("file") and model.Session.get(model.File, job.result["file"]):
        _delete(job.result["file"])


def hand_over(job_id: str) -> None:
    """Tells the owner; or deletes the file where a home was forgotten while it was made, because
    CKAN, which has a way of its own to its files, would hand it out."""
    # What the session remembers of the job may be older than its end.
    job = model.Session.get_one(Job, job_id, populate_existing=True)
    if kept_file(job):
        _tell_owner(job)
    else:
        discard(job)


def _tell_owner(job: Job) -> None:
    """Writes to the owner, where the portal sends e-mail; the export is there in any case."""
    owner = model.Session.get(model.User, job.user_id)
    if not tk.config["smtp.mail_from"] or owner is None or not owner.email:
        return
    link = tk.url_for("export_jobs.show", id=job.id, qualified=True, locale="default")
    until = expires(job)
    body = tk._(
        "Your export is ready: {link}\n\nIt is deleted on {day}. Log in to download it."
    ).format(link=link, day=f"{until:%Y-%m-%d %H:%M} UTC" if until else "")
    try:
        mailer.mail_user(owner, tk._("Your export is ready"), body)
    except (mailer.MailerException, OSError) as error:
        log.warning("No e-mail about a prepared export: %s", error)


def asked_for(data: dict[str, Any]) -> dict[str, Any]:
    """What a job has to know, from validated parameters. Raises BadParameter."""
    query = Query.parse({name: data.get(name) or [] for name in PARAMETERS})
    kinds = find_formats(data.get("formats") or [])
    return {"query": query.filters(), "formats": [kind.name for kind in kinds]}


def expect_place(user_id: str) -> None:
    """Raises ExportError when somebody has as many prepared exports as they may."""
    most = config.prepare_most()
    held = [
        job
        for job in Job.last(500, kind=PREPARE, user_id=user_id)
        if job.is_unfinished or kept_file(job)
    ]
    if len(held) >= most:
        raise ExportError(
            tk._(
                "You have {number} prepared exports, as many as may be kept for one person; "
                "delete one first."
            ).format(number=len(held))
        )
