"""The formats, in the order in which they are offered. A new one is a file and a line here."""

import re
from collections.abc import Callable, Iterable

from ..errors import BadParameter, Misconfigured, UnsupportedFormat
from ..query import shown, split_list
from .base import Format
from .csv import Csv
from .json import Json
from .jsonl import JsonLines
from .parquet import Parquet
from .tsv import Tsv
from .xlsx import Xlsx
from .xml import Xml

__all__ = ["Format", "describe_formats", "extend", "find_format", "find_formats", "registry"]

# Names that the Export API uses for itself.
RESERVED = ("dataset", "formats", "ui", "openapi.json")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

_FORMATS: tuple[type[Format], ...] = (Csv, Json, Xml, JsonLines, Tsv, Parquet, Xlsx)

_more: Callable[[], Iterable[type[Format]]] = tuple


def extend(more: Callable[[], Iterable[type[Format]]]) -> None:
    """Says where formats of other extensions come from: asked anew whenever somebody looks."""
    global _more
    _more = more


def registry() -> dict[str, type[Format]]:
    """Name → format. Raises Misconfigured for a name that cannot be one."""
    kinds: dict[str, type[Format]] = {}
    for kind in (*_FORMATS, *_more()):
        if kind.name in RESERVED or kind.name in kinds or not _NAME.fullmatch(kind.name):
            raise Misconfigured(
                inside=f"{kind.__module__} cannot add the format {kind.name!r}: its name has to be "
                "new, in small letters and digits, and no word of the API",
            )
        kinds[kind.name] = kind
    return kinds


def describe_formats() -> list[dict[str, str]]:
    """What people and programs may know of each format."""
    return [
        {
            "name": kind.name,
            "media_type": kind.media_type,
            "extension": kind.extension,
            "description": kind.description,
        }
        for kind in registry().values()
    ]


def find_format(name: str, parameter: str = "format") -> type[Format]:
    """The format of a name, in any case. Raises UnsupportedFormat, naming the parameter."""
    kinds = registry()
    try:
        return kinds[name.lower()]
    except KeyError:
        accepted = list(kinds)
        raise UnsupportedFormat(
            f"{shown(name)!r} is not a format of this portal; use {', '.join(accepted)}.",
            parameter=parameter,
            value=shown(name),
            accepted=accepted,
        ) from None


def find_formats(values: Iterable[str]) -> list[type[Format]]:
    """The formats that repeated and comma-separated values name, each once, in their order."""
    found = dict.fromkeys(find_format(name, "formats") for name in split_list(values))
    if not found:
        raise BadParameter(
            "The parameter formats is missing; name one or more of " + ", ".join(registry()) + ".",
            parameter="formats",
            accepted=list(registry()),
        )
    return list(found)
