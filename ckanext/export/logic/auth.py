"""Who may export."""

from typing import Any

import ckantoolkit as tk

from .. import config


@tk.auth_allow_anonymous_access
def export_observations(context: Any, data_dict: dict[str, Any] | None) -> dict[str, Any]:
    """The one rule for all ways to the observations, from `ckanext.export.access`.

    Sysadmins are let through by CKAN before it asks.
    """
    access = config.access()
    if access == "anonymous" or (access == "user" and context.get("user")):
        return {"success": True}
    return {"success": False, "msg": _REASONS.get(access, _REASONS["sysadmin"])}


_REASONS = {
    "user": "Log in or send an API token to export observations.",
    "sysadmin": "Only administrators of this portal may export observations.",
}
