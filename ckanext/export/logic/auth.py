"""Who may export, publish, and see which job."""

from typing import Any

import ckantoolkit as tk
from ckan import authz, model
from ckan.types import Context

from .. import config, template
from ..model import Job


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


def export_publish(context: Any, data_dict: dict[str, Any]) -> Any:
    """Editors of the organisation that owns the exports, into datasets that they may change."""
    user = context["user"]
    owner = (template.read(user).get("organization") or {}).get("name") or config.owner_org()
    organisation = model.Group.get(owner) if owner else None
    may_edit = organisation is not None and authz.has_user_permission_for_group_or_org(
        organisation.id, user, "update_dataset"
    )
    if not may_edit:
        return {
            "success": False,
            "msg": "Only editors of the organisation that owns the exports may publish them.",
        }
    found = model.Package.get(data_dict.get("dataset") or config.publish_dataset())
    if found is None:
        return {"success": True}
    return authz.is_authorized("package_update", Context(context, package=found), {"id": found.id})


def export_prepare(context: Any, data_dict: dict[str, Any]) -> Any:
    """Who has an account and may export."""
    return authz.is_authorized("export_observations", context, data_dict)


def export_job_list(context: Any, data_dict: dict[str, Any]) -> Any:
    """Who has an account; they see their own."""
    return {"success": True}


def export_job_show(context: Any, data_dict: dict[str, Any]) -> Any:
    """Its owner."""
    job, user = Job.get(data_dict["id"]), model.User.get(context["user"])
    if job and user and job.user_id == user.id:
        return {"success": True}
    return {"success": False, "msg": tk._("Only its owner may see this job.")}


def export_job_cancel(context: Any, data_dict: dict[str, Any]) -> Any:
    return export_job_show(context, data_dict)


def export_job_delete(context: Any, data_dict: dict[str, Any]) -> Any:
    return export_job_show(context, data_dict)


def export_home_forget(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Sysadmins alone, whom CKAN lets through before it asks."""
    return {"success": False, "msg": "Only administrators of this portal may forget homes."}
