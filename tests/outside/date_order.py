"""Hooks for schemathesis: the one rule that no schema can say, date_from before date_to."""

from datetime import date
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    query = case.query or {}
    first, last = _day(query.get("date_from")), _day(query.get("date_to"))
    if first and last and first > last:
        query["date_from"], query["date_to"] = query["date_to"], query["date_from"]


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
