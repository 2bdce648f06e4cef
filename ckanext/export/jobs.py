"""Exports in the background: the queue, the worker's side, and what became of a job."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ckantoolkit as tk
from ckan import model
from ckan.lib.redis import connect_to_redis
from redis import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job as QueuedJob
from rq.timeouts import JobTimeoutException

from . import config, prepare, publish, renewal
from .errors import TELL, ExportError
from .model import Job
from .model.job import CANCELLED, COMPLETE, FAILED, PREPARE, PUBLISH, RENEW, RUNNING, WAITING
from .progress import Cancelled, Progress
from .slots import site_key

log = logging.getLogger(__name__)

# Failures are kept in English and shown in the visitor's language: the catalogue finds them by it.
_ = str

_SIGN_OF_LIFE = 60  # seconds that a worker's last one counts

_WORK: dict[str, Callable[[Job, Progress], dict[str, Any]]] = {
    PUBLISH: publish.run,
    PREPARE: prepare.run,
    RENEW: renewal.run,
}


def create(kind: str, user_id: str, asked: dict[str, Any]) -> Job:
    """A job that waits."""
    job = Job(kind=kind, user_id=user_id, asked=asked)
    model.Session.add(job)
    model.Session.commit()
    return job


def find(job_id: str) -> Job:
    return model.Session.get_one(Job, job_id)


def enqueue(job: Job) -> None:
    """Gives it to CKAN's workers. Raises ExportError, and ends the job, when there is no queue."""
    options = {"timeout": config.job_timeout(), "job_id": job.id}
    try:
        tk.enqueue_job(run, [job.id], title=f"export: {job.kind}", rq_kwargs=options)
    except RedisError as error:
        Job.end(job.id, FAILED, _with_rest(job, _("The portal's queue could not be reached.")))
        raise ExportError(
            f"The portal cannot queue jobs at the moment; {TELL}", inside=f"Redis: {error}"
        ) from error


def run(job_id: str) -> None:
    """What a worker does. Failures are told in the job, in words for who asked for it."""
    if not Job.begin(job_id):
        return
    with _alive(job_id):
        try:
            job = find(job_id)
            progress = Progress(job_id)
            result = _WORK[job.kind](job, progress)
        except Cancelled:
            model.Session.rollback()
        except Exception as error:
            model.Session.rollback()
            Job.end(job_id, FAILED, _with_rest(find(job_id), _in_words(error)))
        else:
            done: dict[str, Any] = {"percent": 100, "rows": progress.rows, "bytes": progress.size}
            Job.end(job_id, COMPLETE, result=result, **done)
            _WORK_DONE.get(job.kind, lambda job_id: None)(job_id)


# Told only when the job is complete for everybody.
_WORK_DONE: dict[str, Callable[[str], None]] = {PREPARE: prepare.hand_over}


def _with_rest(job: Job, said: str) -> str:
    """And what is left to do, where that matters to those whose data it is."""
    if job.kind != RENEW:
        return said
    try:
        rest = renewal.what_is_left()
    except ExportError:
        rest = f"To go on, {renewal.HOW}."
    return f"{said} {rest}".strip()


def _in_words(error: Exception) -> str:
    if isinstance(error, ExportError):
        log.error("A job failed: %s", error.explain())
        return error.detail
    if isinstance(error, JobTimeoutException):
        return _("It took longer than a job of this portal may (ckanext.export.job_timeout).")
    if isinstance(error, tk.ValidationError):
        told = "; ".join(f"{name}: {text}" for name, text in error.error_summary.items())
        return f"The portal does not accept the dataset: {told}."
    if isinstance(error, tk.NotAuthorized):
        return _("The person who started the job may not change this dataset.")
    log.error("A job failed", exc_info=error)
    return _("Something went wrong in the portal; please tell the portal's administrator.")


def cancel(job_id: str) -> bool:
    """Ends a job that has not ended; a worker notices within seconds."""
    done = Job.end(job_id, CANCELLED, _with_rest(find(job_id), ""))
    try:
        queued = QueuedJob.fetch(job_id, connection=connect_to_redis())
        if queued.get_status() not in ("started", "finished"):
            queued.delete()
    except (NoSuchJobError, InvalidJobOperation):
        pass  # it never was in the queue, or has left it
    except RedisError as error:
        log.warning("A cancelled job stays in the queue: %s", error)
    return done


def settle(job: Job) -> Job:
    """The job; one whose worker has died, or that the queue has lost, ends here."""
    try:
        lost = (job.state == RUNNING and not _has_life(job)) or (
            job.state == WAITING and not _is_queued(job)
        )
    except RedisError:
        return job  # nobody knows
    if lost:
        gone = _("The worker that ran it has gone; start it again.")
        Job.end(job.id, FAILED, _with_rest(job, gone))
    return job


def _has_life(job: Job) -> bool:
    redis: Any = connect_to_redis()
    try:  # a worker notices when the process that does the job is killed
        if QueuedJob.fetch(job.id, connection=redis).get_status() in ("failed", "stopped"):
            return False
    except (NoSuchJobError, InvalidJobOperation):
        pass  # it was run by a command, or its worker is gone too
    return (job.seconds or 0) < _SIGN_OF_LIFE or bool(redis.exists(_key(job.id)))


def _is_queued(job: Job) -> bool:
    redis: Any = connect_to_redis()
    return job.waited < _SIGN_OF_LIFE or QueuedJob.exists(job.id, connection=redis)


def _key(job_id: str) -> str:
    return site_key(f"alive:{job_id}")


@contextmanager
def _alive(job_id: str) -> Iterator[None]:
    """A worker that is killed says nothing; its sign of life fades."""
    redis, ended = connect_to_redis(), threading.Event()

    def renew() -> None:
        while True:
            try:
                redis.set(_key(job_id), 1, ex=_SIGN_OF_LIFE)
            except RedisError as error:
                log.warning("A job cannot show that it lives: %s", error)
            if ended.wait(_SIGN_OF_LIFE / 3):
                return

    threading.Thread(target=renew, name="export-job", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
