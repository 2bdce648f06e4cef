"""What somebody asked for: the filters of one export, parsed and validated once."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .errors import BadDate, BadParameter

PARAMETERS = ("date_from", "date_to", "types", "units")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHOWN = 80  # characters of a wrong value that an error repeats


@dataclass(frozen=True)
class Query:
    """Filters on observations; empty ones do not filter.

    `date_from` and `date_to` are UTC days, both inclusive, of `last_updated`. Values of `types`
    and of `units` are alternatives.
    """

    date_from: date | None = None
    date_to: date | None = None
    types: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    @classmethod
    def parse(cls, parameters: Mapping[str, Iterable[str]]) -> "Query":
        """The query that parameters (name → values as they were given) describe.

        Raises BadDate and BadParameter, naming the parameter and the value. An empty value is
        no value; a parameter that is not known is refused, because a misspelt filter must never
        export everything in silence.
        """
        for name in parameters:
            if name not in PARAMETERS:
                raise BadParameter(
                    f"The parameter {shown(name)!r} is not known; use {', '.join(PARAMETERS)}.",
                    parameter=shown(name),
                    accepted=list(PARAMETERS),
                )
        query = cls(
            date_from=_parse_day("date_from", parameters.get("date_from", ())),
            date_to=_parse_day("date_to", parameters.get("date_to", ())),
            types=split_list(parameters.get("types", ())),
            units=split_list(parameters.get("units", ())),
        )
        if query.date_from and query.date_to and query.date_from > query.date_to:
            raise BadParameter(
                f"date_from {query.date_from} is after date_to {query.date_to}; swap the two.",
                parameter="date_from",
                value=query.date_from.isoformat(),
            )
        return query

    def parameters(self) -> list[tuple[str, str]]:
        """The query as the parameters of a URL, in a fixed order."""
        days = [(name, getattr(self, name)) for name in ("date_from", "date_to")]
        return [
            *[(name, day.isoformat()) for name, day in days if day],
            *[("types", value) for value in self.types],
            *[("units", value) for value in self.units],
        ]

    def lists(self) -> dict[str, list[str]]:
        """The same by name, without the parameters that have no value; `parse` reads it."""
        lists: dict[str, list[str]] = {}
        for name, value in self.parameters():
            lists.setdefault(name, []).append(value)
        return lists

    def filters(self) -> dict[str, list[str]]:
        """`lists`, with an empty one for each parameter that has no value."""
        return {name: [] for name in PARAMETERS} | self.lists()

    def fingerprint(self, formats: str = "") -> str:
        """Eight hexadecimal digits that differ between queries, and between lists of formats."""
        return hashlib.sha256(repr((self.parameters(), formats)).encode()).hexdigest()[:8]

    @property
    def begin(self) -> datetime | None:
        """The first instant that is in."""
        return _midnight(self.date_from) if self.date_from else None

    @property
    def end(self) -> datetime | None:
        """The first instant that is out again."""
        if self.date_to is None or self.date_to == date.max:
            return None
        return _midnight(self.date_to + timedelta(days=1))


def compatible(unit: str) -> str:
    """A unit in the Unicode compatibility form in which variants such as `µ` and `μ` are one."""
    return unicodedata.normalize("NFKC", unit)


def shown(text: str) -> str:
    """A wrong value as an error may repeat it: not endless."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def split_list(values: Iterable[str]) -> tuple[str, ...]:
    """Repeated and comma-separated values as one tuple: trimmed, no empty ones, each once."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _parse_day(name: str, values: Iterable[str]) -> date | None:
    given = [value for value in values if value]
    if len(given) > 1:
        raise BadParameter(
            f"{name} is given {len(given)} times; give it once.", parameter=name, value=given[1]
        )
    if not given:
        return None
    text = given[0]
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # has the shape of a day but is none: told below
    raise BadDate(
        f"{name} is {shown(text)!r}, but must be a day that exists, written yyyy-mm-dd.",
        parameter=name,
        value=shown(text),
        accepted=["yyyy-mm-dd"],
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
