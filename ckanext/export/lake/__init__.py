"""Lakes: where observations come from. `open_lake` finds the kind that reads a URL."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import Misconfigured
from .base import Lake, Scan
from .files import FileLake
from .sql import SqlLake

__all__ = ["Lake", "Scan", "open_lake"]

# The scheme of a lake's URL → what reads it. A bare path is a folder; all other schemes are
# SQLAlchemy's.
KINDS: dict[str, type[Lake]] = {"": FileLake, "file": FileLake}


def open_lake(
    url: str, columns: Mapping[str, str] | None = None, table: str = "observations"
) -> Lake:
    """The lake at a URL. `columns` maps canonical names onto the lake's own, where they differ;
    `table` is the table or view of a lake that has such.

    Raises Misconfigured when there is no URL. Nothing is read yet.
    """
    if not url:
        raise Misconfigured(
            "This portal has no data lake yet; its administrator sets ckanext.export.lake.url."
        )
    return KINDS.get(urlsplit(url).scheme, SqlLake)(url, columns or {}, table)
