"""Lakes: where observations come from. `open_lake` finds the kind that reads a URL."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from ..errors import Misconfigured
from .base import Lake, Scan
from .delta import DeltaLake
from .files import FileLake
from .hudi import HudiLake
from .iceberg import IcebergLake
from .postgresql import PostgreSqlLake
from .sql import SqlLake
from .storage import STORES, Storage
from .trino import TrinoLake

__all__ = ["Lake", "Scan", "Storage", "extend", "kinds", "open_lake"]

# The scheme of a lake's URL, up to a plus sign → what reads it. A bare path is a folder; all
# other schemes are SQLAlchemy's.
KINDS: dict[str, type[Lake]] = {
    "": FileLake,
    "file": FileLake,
    "hudi": HudiLake,
    **dict.fromkeys(STORES, FileLake),
    "postgres": PostgreSqlLake,
    "postgresql": PostgreSqlLake,
    "delta": DeltaLake,
    "iceberg": IcebergLake,
    "trino": TrinoLake,
}

_more: Callable[[], Iterable[tuple[str, type[Lake]]]] = tuple


def extend(more: Callable[[], Iterable[tuple[str, type[Lake]]]]) -> None:
    """Says where lakes of other extensions come from: asked anew whenever somebody looks."""
    global _more
    _more = more


def kinds() -> dict[str, type[Lake]]:
    """Scheme → kind of lake. Raises Misconfigured for a scheme that is there already."""
    found = dict(KINDS)
    for scheme, kind in _more():
        if scheme in found:
            raise Misconfigured(
                inside=f"{kind.__module__} cannot add lakes at {scheme}: there are such already"
            )
        found[scheme] = kind
    return found


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
    return kinds().get(scheme, SqlLake)(url, columns or {}, table, storage or Storage())
