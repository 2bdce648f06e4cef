"""What a published file is called by: its period and, where it is filtered, its filters."""

import calendar
import re
from datetime import date

from .errors import BadDate
from .query import Query, shown

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def month(text: str) -> tuple[date, date]:
    """The first and the last day of `yyyy-mm`. Raises BadDate."""
    if not _MONTH.fullmatch(text) or text.startswith("0000"):
        raise BadDate(
            f"month is {shown(text)!r}, but must be written yyyy-mm.",
            parameter="month",
            value=shown(text),
            accepted=["yyyy-mm"],
        )
    first = date.fromisoformat(f"{text}-01")
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def edition(query: Query) -> str:
    """The same for the same query, so that publishing it again finds what it has published."""
    filters = Query(types=query.types, units=query.units)
    return "_".join([_period(query), *([filters.fingerprint()] if filters != Query() else [])])


def _period(query: Query) -> str:
    first, last = query.date_from, query.date_to
    if first and last and (first, last) == month(f"{first.isoformat()[:7]}"):
        return f"{first.isoformat()[:7]}"
    days = [f"from-{first}" if first else "", f"to-{last}" if last else ""]
    return "_".join(day for day in days if day) or "all"
