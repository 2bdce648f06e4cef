"""Lakes: where observations come from. `open_lake` finds the kind that reads a URL."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import Misconfigured
from .base import Lake, Scan
from .files import FileLake
from .sql import SqlLake
from .storage import STORES, Storage
from .trino import TrinoLake

__all__ = ["Lake", "Scan", "Storage", "open_lake"]

# The scheme of a lake's URL, up to a plus sign → what reads it. A bare path is a folder; all
# other schemes are SQLAlchemy's.
KINDS: dict[str, type[Lake]] = {
    "": FileLake,
    "file": FileLake,
    **dict.fromkeys(STORES, FileLake),
    "trino": TrinoLake,
}


def open_lake(
    url: str,
    columns: Mapping[str, str] | None = None,
    table: str = "observations",
    storage: Storage | None = None,
) -> Lake:
    """The lake at a URL. `columns` maps canonical names onto the lake's own, where they differ;
    `table` is the table or view of a lake that has such; `storage` opens object stores.

    Raises Misconfigured when there is no URL. Nothing is read yet.
    """
    if not url:
        raise Misconfigured(
            "This portal has no data lake yet; its administrator sets ckanext.export.lake.url."
        )
    scheme = urlsplit(url).scheme.partition("+")[0]
    return KINDS.get(scheme, SqlLake)(url, columns or {}, table, storage or Storage())
