"""What templates ask the extension."""

from typing import Any

import ckantoolkit as tk

from . import config

__all__ = ["export_is_template", "export_told"]


def export_is_template(package: dict[str, Any]) -> bool:
    """Whether a dataset is the one that describes the exports."""
    chosen = config.dataset()
    return bool(chosen) and chosen in (package.get("name"), package.get("id"))


def export_told(failure: str) -> str:
    """A job's failure in the visitor's language, as far as it always says the same."""
    return tk._(failure) if failure else ""
