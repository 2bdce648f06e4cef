"""What templates ask the extension."""

from typing import Any

from . import config

__all__ = ["export_is_template"]


def export_is_template(package: dict[str, Any]) -> bool:
    """Whether a dataset is the one that describes the exports."""
    chosen = config.dataset()
    return bool(chosen) and chosen in (package.get("name"), package.get("id"))
