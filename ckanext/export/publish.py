"""Publishing: exports become files of a dataset of the portal, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ckantoolkit as tk
from ckan import model
from ckan.logic.validators import name_validator
from ckan.types import Context

from . import config, counted, orders, publication, recent
from .edition import edition, month
from .errors import BadParameter, EmptyDataset, ExportError, TooFewHomes
from .export import Export, Order
from .formats import find_formats
from .model import Job
from .model.job import COMPLETE, PUBLISH
from .package.contents import Contents
from .package.folder import files_in
from .progress import Progress
from .query import PARAMETERS, Query, shown
from .withdrawal import withdraw

_MEGABYTE = 1 << 20
Publication = dict[str, Any]  # what a job notes about one edition


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """Publishes what the job asks for; the answer says what has become of each edition."""
    asked = job.asked
    query = Query.parse(asked["query"])
    user = model.Session.get_one(model.User, job.user_id).name
    work = Publisher(user, asked["dataset"], asked["formats"], progress)
    if asked["changed"]:
        editions = list(work.changed_months(query))
    else:
        editions = [work.publish(query, counted.estimate(query))]
    return {"dataset": work.dataset_id, "editions": editions}


class Publisher:
    """One job's publishing into one dataset."""

    def __init__(self, user: str, dataset: str, formats: list[str], progress: Progress) -> None:
        self._lake = orders.lake()
        self._user = user
        self._dataset = dataset
        self._formats = find_formats(formats)
        self._progress = progress
        self.dataset_id = publication.id_of(dataset)

    def changed_months(self, query: Query) -> Iterator[Publication]:
        """Every month that the lake has, published again where its data are other ones."""
        months: dict[str, int] = {}
        told = counted.exact(query)
        if not told["rows"]:
            raise EmptyDataset("No observation matches these filters.")
        for day, rows in told["days"].items():
            months[day[:7]] = months.get(day[:7], 0) + rows
        done, total = 0, sum(months.values())
        for name, rows in months.items():
            self._progress.share(done / total, rows / total)
            first, last = month(name)
            yield self._month(Query(first, last, query.types, query.units), rows)
            done += rows

    def _month(self, query: Query, rows: int) -> Publication:
        before = last_publication(self.dataset_id, edition(query), self._names)
        now = self._version(query)
        if before and now and before["version"] == now and self._is_there(before):
            return {**before, "outcome": "unchanged"}
        try:
            return self.publish(query, rows)
        except TooFewHomes as error:
            return {"edition": edition(query), "version": None, "outcome": error.detail}

    @property
    def _names(self) -> list[str]:
        return [kind.name for kind in self._formats]

    def _is_there(self, before: Publication) -> bool:
        present = publication.hashes(self.dataset_id)
        return all(present.get(name) == sha256 for name, sha256 in before["files"].items())

    def publish(self, query: Query, rows: int) -> Publication:
        """One edition. Nothing of the portal changes until all of its files are complete.

        Where the rules of privacy have changed meanwhile, it is made again by the new ones; where
        these leave nothing to publish, it is withdrawn, and the failure is raised.
        """
        made, rules = self._make(query, rows)
        while rules != orders.rules():
            try:
                made, rules = self._make(query, rows)
            except ExportError:
                withdraw(
                    self.dataset_id, publication.ids_of(self.dataset_id, made["files"]), self._user
                )
                raise
        return made

    def _make(self, query: Query, rows: int) -> tuple[Publication, str]:
        """The edition, and the rules that have made it."""
        order = orders.order(query, self._formats, self._user, edition(query), "publish")
        rules = orders.rules_of(order.policy)
        with TemporaryDirectory(prefix="ckan-export-") as folder:
            contents = self._export(order, Path(folder), rows)
            self._progress.tell(1, now=True)
            origin = publication.Origin(query, rules)
            self.dataset_id, outcome = publication.put(
                self._dataset, self._user, contents, Path(folder), origin
            )
        return {
            "edition": order.description.edition,
            "formats": self._names,
            "outcome": outcome,
            "version": _stamp(contents.lake_version, rules),
            "rows": contents.tally.rows,
            "files": {file.member.name: file.member.sha256 for file in contents.files},
        }, rules

    def _export(self, order: Order, folder: Path, rows: int) -> Contents:
        exported = Export(self._lake, order, pack=files_in(folder), report=recent.note)
        for _ in self._progress.watch(exported, rows, len(order.formats)):
            pass
        contents = exported.contents
        if contents is None:
            raise ExportError("The export ended early; start it again.")
        _expect_room(contents)
        return contents

    def _version(self, query: Query) -> str | None:
        policy = orders.policy()
        with self._lake.scan(policy.narrow(query)) as scan:
            return _stamp(scan.version, orders.rules_of(policy))


def _stamp(version: str | None, rules: str) -> str | None:
    """What decides on an edition's data: the state of the lake and the rules of privacy."""
    return None if version is None else f"{version} {rules}"


def _expect_room(contents: Contents) -> None:
    most = tk.config["ckan.max_resource_size"]
    for file in contents.files:
        if 0 <= most * _MEGABYTE < file.member.size:
            raise ExportError(
                f"{file.member.name} has {file.member.size / _MEGABYTE:,.0f} MB, more than the "
                f"{most} MB that the portal takes (ckan.max_resource_size); ask for a shorter "
                "period, or raise that setting."
            )


def last_publication(dataset_id: str, name: str, formats: list[str]) -> Publication | None:
    """What the last job noted that has published this edition into the dataset."""
    jobs = (
        model.Session.query(Job)
        .filter_by(kind=PUBLISH, state=COMPLETE)
        .filter(Job.result["dataset"].astext == dataset_id)
        .order_by(Job.ended.desc())
    )
    for job in jobs:
        for found in job.result["editions"]:
            if found["edition"] == name and found.get("formats") == formats:
                return found
    return None


def asked_for(data: dict[str, Any]) -> dict[str, Any]:
    """What a job has to know, from validated parameters. Raises BadParameter."""
    texts = {name: data.get(name) or [] for name in PARAMETERS}
    if data.get("month"):
        first, last = month(data["month"])
        texts |= {"date_from": [first.isoformat()], "date_to": [last.isoformat()]}
    query = Query.parse(texts)
    kinds = find_formats(data.get("formats") or config.publish_formats())
    dataset = data.get("dataset") or config.publish_dataset()
    _expect_name(dataset)
    return {
        "query": query.filters(),
        "formats": [kind.name for kind in kinds],
        "dataset": dataset,
        "changed": bool(data.get("changed")),
    }


def _expect_name(dataset: str) -> None:
    """Raises BadParameter for one that neither is there nor can be made."""
    try:
        if not publication.id_of(dataset):
            name_validator(dataset, Context())
    except tk.Invalid as error:
        raise BadParameter(
            f"{shown(dataset)!r} cannot be the name of a dataset: {error.error}",
            parameter="dataset",
        ) from error
