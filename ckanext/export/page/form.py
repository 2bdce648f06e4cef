"""What a visitor has filled in, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ckantoolkit import _

from ..errors import ExportError
from ..formats import Format, find_formats, registry
from ..query import PARAMETERS, Query, shown, split_list
from .words import in_words

FIELDS = (*PARAMETERS, "formats")


@dataclass(frozen=True)
class Form:
    """`query` holds the filters that could be understood; `mistakes` has words by field, those
    about the whole form under the empty name."""

    given: Mapping[str, list[str]]
    query: Query
    formats: list[type[Format]]
    mistakes: dict[str, str]

    @classmethod
    def read(cls, given: Mapping[str, list[str]], submitted: bool) -> "Form":
        """A form without a format is one for the first format, unless it has been submitted."""
        mistakes: dict[str, str] = {}
        query = _query(given, mistakes)
        formats: list[type[Format]] = []
        asked = split_list(given.get("formats", ()))
        try:
            formats = find_formats(asked) if asked else []
        except ExportError as error:
            mistakes["formats"] = in_words(error)
        if not asked and submitted:
            mistakes["formats"] = _("Choose at least one format.")
        elif not asked:
            formats = [next(iter(registry().values()))]
        return cls(given, query, formats, mistakes)

    def value(self, field: str) -> str:
        """A field of one value as it was given."""
        return shown(next((text for text in self.given.get(field, ()) if text), ""))

    def has_format(self, name: str) -> bool:
        return any(kind.name == name for kind in self.formats)

    def parameters(self) -> dict[str, list[str]]:
        """The form as the parameters of its permanent address, mistakes included."""
        given = {name: [text for text in self.given.get(name, ()) if text] for name in FIELDS}
        given["formats"] = [kind.name for kind in self.formats] or given["formats"]
        return {name: values for name, values in given.items() if values}


def _query(given: Mapping[str, list[str]], mistakes: dict[str, str]) -> Query:
    """The filters, each by itself and then together; what is wrong joins the mistakes."""
    good: dict[str, list[str]] = {}
    for name, values in given.items():
        if name == "formats":
            continue
        try:
            Query.parse({name: values})
            good[name] = values
        except ExportError as error:
            field, words = _mistake(name, values, error)
            mistakes[field] = words
    try:
        return Query.parse(good)
    except ExportError:
        mistakes["date_from"] = _("The first day is after the last day; swap the two.")
        return Query.parse({n: values for n, values in good.items() if not n.startswith("date_")})


def _mistake(name: str, values: list[str], error: ExportError) -> tuple[str, str]:
    """The field that a mistake is about, and the mistake in words."""
    if name not in PARAMETERS:
        return "", _("This page does not know the filter {name}.").format(name=shown(name))
    if sum(map(bool, values)) > 1:
        return name, _("Give one day, not several.")
    return name, in_words(error)
