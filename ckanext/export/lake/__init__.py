"""Lakes: where observations come from. `open_lake` finds the kind that reads a URL."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import Misconfigured
from .base import Lake, Scan
from .files import FileLake

__all__ = ["Lake", "Scan", "open_lake"]

# The scheme of a lake's URL → what reads it. A bare path is a folder.
KINDS: dict[str, type[Lake]] = {"": FileLake, "file": FileLake}


def open_lake(url: str, columns: Mapping[str, str] | None = None) -> Lake:
    """The lake at a URL. `columns` maps canonical names onto the lake's own, where they differ.

    Raises Misconfigured when there is no URL or nothing reads its scheme. Nothing is read yet.
    """
    if not url:
        raise Misconfigured(
            "This portal has no data lake yet; its administrator sets ckanext.export.lake.url."
        )
    scheme = urlsplit(url).scheme
    if scheme not in KINDS:
        raise Misconfigured(
            "This portal's data lake is of a kind that the export cannot read.",
            inside=f"ckanext.export.lake.url begins with {scheme}:, known are a path and "
            + ", ".join(f"{kind}:" for kind in KINDS if kind),
        )
    return KINDS[scheme](url, columns or {})
