"""Publications whose rules of privacy have changed: each is made again, or withdrawn."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ckantoolkit as tk
from ckan import model
from rq.timeouts import JobTimeoutException

from . import orders
from .edition import edition
from .errors import EmptyDataset, ExportError, TooFewHomes
from .model import Job, Published
from .progress import Cancelled, Progress
from .publish import Publication, Publisher
from .query import PARAMETERS, Query
from .summary import summarize
from .withdrawal import withdraw

log = logging.getLogger(__name__)

HOW = "run `ckan export publish --renew`"


@dataclass
class _Edition:
    """Files of one dataset that were made from one query."""

    dataset_id: str
    query: Query
    files: dict[str, str] = field(default_factory=dict)  # resource's id → format
    rows: int = 0

    @property
    def name(self) -> str:
        return edition(self.query)

    @property
    def dataset(self) -> model.Package | None:
        return model.Session.get(model.Package, self.dataset_id)

    @property
    def title(self) -> str:
        return self.dataset.name if self.dataset else self.dataset_id


def asked_for(withdraw: bool) -> dict[str, Any]:
    """`withdraw`: also what cannot be made again, whatever the reason."""
    nothing = {name: [] for name in PARAMETERS}
    return {"query": nothing, "formats": [], "dataset": "", "withdraw": withdraw}


def left() -> int:
    """How many published files the current rules have not made. Raises Misconfigured."""
    return len(Published.by_other_rules(orders.rules()))


def what_is_left() -> str:
    """A sentence for who has to go on, or the empty text."""
    number = left()
    return f"Published files that older rules have made: {number:,}; {HOW}." if number else ""


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """The answer says what has become of each edition. Raises ExportError when something is left.

    What cannot be published any more is withdrawn first, so that the Data Packages that are
    written afterwards do not name it.
    """
    user = model.Session.get_one(model.User, job.user_id).name
    work = _Work(user, job.asked["withdraw"], progress)
    work.look(_editions())
    work.publish()
    if work.failures or left():
        raise ExportError(" ".join(work.failures) or "Not all could be made again.")
    return {"editions": work.done}


def _editions() -> list[_Edition]:
    found: dict[tuple[str, str], _Edition] = {}
    for file in Published.by_other_rules(orders.rules()):
        query = Query.parse(file.query)
        key = (file.dataset_id, repr(query))
        found.setdefault(key, _Edition(file.dataset_id, query)).files[file.resource_id] = (
            file.format
        )
    return list(found.values())


class _Work:
    """One job's renewing. `failures`: a sentence for each edition that is neither made nor gone."""

    def __init__(self, user: str, withdraw: bool, progress: Progress) -> None:
        self._user = user
        self._withdraws = withdraw
        self._progress = progress
        self._wanted: list[_Edition] = []
        self.done: list[Publication] = []
        self.failures: list[str] = []

    def look(self, editions: list[_Edition]) -> None:
        """Withdraws what cannot be published any more."""
        for found in editions:
            with self._watched(found):
                found.rows = _rows(found)
                self._wanted.append(found)

    def publish(self) -> None:
        total, done = sum(found.rows for found in self._wanted), 0
        for found in self._wanted:
            self._progress.share(done / total, found.rows / total)
            with self._watched(found):
                self._publish(found)
            done += found.rows

    def _publish(self, found: _Edition) -> None:
        formats = sorted(set(found.files.values()))
        publisher = Publisher(self._user, found.dataset_id, formats, self._progress)
        made = publisher.publish(found.query, found.rows)
        stale = {file.resource_id for file in Published.by_other_rules(orders.rules())}
        replaced = sorted(stale & found.files.keys())  # by files that now have other names
        if replaced:
            withdraw(found.dataset_id, replaced, self._user)
            publisher.publish(found.query, found.rows)  # for the Data Package
        self.done.append({**made, "dataset": found.dataset_id})

    @contextmanager
    def _watched(self, found: _Edition) -> Iterator[None]:
        try:
            yield
        except (Cancelled, JobTimeoutException):
            raise
        except (EmptyDataset, TooFewHomes) as error:
            self._withdraw(found, error.detail)
        except Exception as error:
            model.Session.rollback()
            log.error("An edition cannot be made again: %s", _told(error))
            if self._withdraws:
                self._withdraw(found, _told(error))
            else:
                self.failures.append(f"{found.name} in {found.title}: {_told(error)}")

    def _withdraw(self, found: _Edition, why: str) -> None:
        title = found.title
        try:
            withdraw(found.dataset_id, list(found.files), self._user)
        except (tk.ValidationError, tk.NotAuthorized, tk.ObjectNotFound, OSError) as error:
            model.Session.rollback()
            log.error("An edition cannot be withdrawn: %s", error)
            self.failures.append(f"{found.name} in {title} could not be withdrawn.")
            return
        told = {"edition": found.name, "dataset": found.dataset_id, "version": None, "rows": 0}
        self.done.append({**told, "outcome": f"withdrawn: {why}"})


def _rows(found: _Edition) -> int:
    """For export. Raises EmptyDataset where there are none, or nothing to publish them in."""
    dataset = found.dataset
    if dataset is None or dataset.state != "active":
        raise EmptyDataset("The dataset has been deleted.")
    rows = summarize(orders.lake(), orders.policy(), found.query)["rows"]
    if not rows:
        raise EmptyDataset("No observation is left.")
    return rows


def _told(error: Exception) -> str:
    return error.detail if isinstance(error, ExportError) else "the portal could not publish it"
