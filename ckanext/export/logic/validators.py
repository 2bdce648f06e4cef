"""Validators of configuration keys."""

from typing import Any

import ckantoolkit as tk


def min_export_one(value: Any) -> int:
    """A whole number of at least 1."""
    if not isinstance(value, int) or value < 1:
        raise tk.Invalid("Must be a whole number of at least 1")
    return value
