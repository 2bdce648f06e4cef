"""The formats, in the order in which they are offered. A new one is a file and a line here."""

from collections.abc import Iterable

from ..errors import BadParameter, UnsupportedFormat
from ..query import shown, split_list
from .base import Format
from .csv import Csv
from .json import Json
from .jsonl import JsonLines
from .parquet import Parquet
from .tsv import Tsv
from .xlsx import Xlsx
from .xml import Xml

__all__ = ["Format", "describe_formats", "find_format", "find_formats", "registry"]

# Names that the Export API uses for itself.
RESERVED = ("dataset", "formats", "ui", "openapi.json")

_formats: dict[str, type[Format]] = {}


def register(kind: type[Format]) -> type[Format]:
    """Adds a format; its name must be new, lower case and none of the API's own words."""
    if kind.name in RESERVED or kind.name in _formats or kind.name != kind.name.lower():
        raise ValueError(f"{kind.name!r} cannot be the name of a format")
    _formats[kind.name] = kind
    return kind


for _kind in (Csv, Json, Xml, JsonLines, Tsv, Parquet, Xlsx):
    register(_kind)


def registry() -> dict[str, type[Format]]:
    """Name → format."""
    return dict(_formats)


def describe_formats() -> list[dict[str, str]]:
    """What people and programs may know of each format."""
    return [
        {
            "name": kind.name,
            "media_type": kind.media_type,
            "extension": kind.extension,
            "description": kind.description,
        }
        for kind in _formats.values()
    ]


def find_format(name: str, parameter: str = "format") -> type[Format]:
    """The format of a name, in any case. Raises UnsupportedFormat, naming the parameter."""
    try:
        return _formats[name.lower()]
    except KeyError:
        accepted = list(_formats)
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
            "The parameter formats is missing; name one or more of " + ", ".join(_formats) + ".",
            parameter="formats",
            accepted=list(_formats),
        )
    return list(found)
