"""What the page shows for a form: the numbers, what is wrong, and the ways to the export."""

import hashlib
import logging
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import ckantoolkit as tk
import orjson
from ckan.lib.redis import connect_to_redis
from flask import current_app
from redis import RedisError

from .. import config, counted, orders
from ..cube import Cube
from ..errors import ExportError
from ..formats.base import Options
from ..formats.csv import Csv
from ..preview import Preview, preview
from ..query import Query, compatible
from ..slots import Slot, site_key
from .examples import Example, examples
from .form import Form
from .words import in_words, why_empty

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """`everything` and `found` are summaries of the whole lake and of the selection, empty where
    they cannot be told; `notes` are words by field, as a form's mistakes are."""

    form: Form
    everything: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def rows(self) -> int:
        return self.found.get("rows", 0)

    @property
    def prepares(self) -> bool:
        """Whether this portal can prepare exports for somebody who is logged in."""
        known = "export_jobs.prepare_export" in current_app.view_functions
        return known and tk.current_user.is_authenticated

    def types(self) -> dict[str, int]:
        """Producer types to choose from, with their observations; what was asked for is there."""
        return self.everything.get("types", {}) | {
            name: self.everything.get("types", {}).get(name, 0) for name in self.form.query.types
        }

    def units(self) -> dict[str, int]:
        """Units to choose from, the most frequent first; the variants of one unit are one."""
        merged: dict[str, str] = {}
        counts: dict[str, int] = {}
        told = {unit: n for unit, n in self.everything.get("units", {}).items() if unit}
        for unit, rows in (told | {u: told.get(u, 0) for u in self.form.query.units}).items():
            first = merged.setdefault(compatible(unit), unit)
            counts[first] = counts.get(first, 0) + rows
        return dict(sorted(counts.items(), key=itemgetter(1), reverse=True))

    def chosen_units(self) -> list[str]:
        asked = set(map(compatible, self.form.query.units))
        return [unit for unit in self.units() if compatible(unit) in asked]

    def api_url(self, csv: bool = False) -> str:
        """The API's address of this export."""
        parameters = self.form.query.lists()
        if csv or len(self.form.formats) == 1:
            kind = Csv if csv else self.form.formats[0]
            return _api("download", format=kind.name, **parameters)
        formats = [kind.name for kind in self.form.formats]
        return _api("dataset", formats=formats, **parameters)

    def page_url(self) -> str:
        """The permanent address of the form as it is filled in."""
        return tk.url_for("export_page.show", qualified=True, **self.form.parameters())

    def examples(self) -> list[Example]:
        with_token = config.access() != "anonymous"
        return examples(self.api_url(), self.api_url(csv=True), config.name(), with_token)


def look(form: Form) -> Look:
    """Counts what the form selects. Failures are in the result, in words."""
    try:
        cube = counted.cube()
        everything = cube.summary(Query(), config.min_homes())
    except ExportError as error:
        return Look(form, notes=form.mistakes, trouble=told(error))
    if form.mistakes:
        return Look(form, everything, notes=form.mistakes)
    return _found(form, cube, everything)


def _found(form: Form, cube: Cube, everything: dict[str, Any]) -> Look:
    try:
        found = cube.summary(form.query, config.min_homes())
    except ExportError as error:
        return Look(form, everything, trouble=told(error))
    if found["rows"]:
        return Look(form, everything, found)
    notes = why_empty(cube.why_empty(form.query), form.query, everything)
    return Look(form, everything, found, notes)


def first_rows(form: Form) -> Preview:
    """The preview of a form without mistakes, remembered as long as the numbers are.

    Raises ExportError.
    """
    lake, policy = orders.lake(), orders.policy()
    options = Options(escape_formulas=config.escape_formulas())
    asked = (form.query, [kind.name for kind in form.formats], options)
    name = hashlib.sha256(repr(asked).encode()).hexdigest()
    key = site_key(f"preview:{counted.name_of(lake, policy)}:{name}")
    redis, seconds = connect_to_redis(), config.summary_seconds()
    try:
        known: Any = redis.get(key) if seconds > 0 else None
        if known:
            return Preview(**orjson.loads(known))
        with Slot(config.max_concurrent(), "previews"):
            made = preview(lake, policy, form.query, form.formats, options)
        if seconds > 0:
            redis.set(key, orjson.dumps(made), ex=seconds)
    except RedisError as error:
        raise ExportError("The portal cannot show rows.", inside=f"Redis: {error}") from error
    return made


def told(error: ExportError) -> str:
    """The error in the visitor's words; what an administrator has to know is logged."""
    if error.status >= 500:
        log.error("No numbers: %s", error.explain())
    return in_words(error)


def _api(endpoint: str, **parameters: Any) -> str:
    return tk.url_for(f"export.{endpoint}", qualified=True, locale="default", **parameters)
