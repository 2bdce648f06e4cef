"""Mistakes and failures in the visitor's language."""

from collections.abc import Callable
from typing import Any

from ckantoolkit import _

from ..cube import Emptiness
from ..errors import (
    BadDate,
    EmptyDataset,
    ExportError,
    LakeUnavailable,
    Misconfigured,
    TooFewHomes,
    TooManyExports,
    UnsupportedFormat,
)
from ..query import Query

# Asked when it is told, because the language is the visitor's.
_WORDS: dict[type[ExportError], Callable[[], str]] = {
    BadDate: lambda: _("This is not a day that exists; write it as yyyy-mm-dd: {value}"),
    UnsupportedFormat: lambda: _("The portal does not know this format: {value}"),
    EmptyDataset: lambda: _("No observation matches these filters."),
    TooFewHomes: lambda: _(
        "Too few homes contribute to this selection for their privacy; choose a longer period, "
        "more producer types or more units."
    ),
    LakeUnavailable: lambda: _(
        "The data lake cannot be read at the moment; please tell the portal's administrator."
    ),
    Misconfigured: lambda: _(
        "This portal's export is not set up right; please tell the portal's administrator."
    ),
    TooManyExports: lambda: _("The portal is busy with other exports; try again in a minute."),
}


def in_words(error: ExportError) -> str:
    """What went wrong, as far as it can be told in the visitor's language, else in English."""
    if type(error) not in _WORDS:
        return error.detail
    return _WORDS[type(error)]().format(value=error.members.get("value", ""))


def why_empty(emptiness: Emptiness, query: Query, everything: dict[str, Any]) -> dict[str, str]:
    """Words by field on which filters leave nothing; under the empty name what is none's fault."""
    told = {name: _alone(name, query, everything) for name in emptiness.alone}
    told |= {name: _together(name) for name in emptiness.together}
    told = told or {"": _("These filters have no observation in common: leave out two of them.")}
    return {"date_from" if name == "days" else name: text for name, text in told.items()}


def _alone(name: str, query: Query, everything: dict[str, Any]) -> str:
    if name == "days" and not everything["first_day"]:
        return _("No observation matches these filters.")
    if name == "days":
        return _(
            "There is no observation in these days; there are some from {first} to {last}."
        ).format(first=everything["first_day"], last=everything["last_day"])
    if name == "types":
        return _("There is no observation of these producer types: {names}").format(
            names=", ".join(query.types)
        )
    return _("There is no observation with these units: {names}").format(
        names=", ".join(query.units)
    )


def _together(name: str) -> str:
    return {
        "days": _("With other days there would be observations."),
        "types": _("With other producer types there would be observations."),
        "units": _("With other units there would be observations."),
    }[name]
