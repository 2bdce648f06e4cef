"""The administrator's page: the lake, the rules, the template, and the last exports and jobs."""

from typing import Any

import ckantoolkit as tk
from flask import Blueprint, request
from redis import RedisError

from . import config, orders, recent, renewal
from .errors import ExportError
from .jobs_views import context, page_or_part, protect
from .model import is_migrated
from .privacy import in_words
from .query import PARAMETERS
from .shortcomings import shortcomings

admin = Blueprint("export_admin", __name__, url_prefix="/ckan-admin/export")

_JOBS = 20


@admin.before_request
def _only_sysadmins() -> None:
    try:
        tk.check_access("sysadmin", context(), {})
    except tk.NotAuthorized:
        tk.abort(403, tk._("Need to be system administrator to administer"))


@admin.route("", methods=["GET"])
def index() -> str:
    migrated = is_migrated()
    page = {
        "migrated": migrated,
        "lacking": _lacking(),
        "left": _left() if migrated else "",
        "rules": _rules(),
        "template": config.dataset(),
        "publish_dataset": config.publish_dataset(),
        "jobs": tk.get_action("export_job_list")(context(), {"limit": _JOBS}) if migrated else [],
        "exports": _recent(),
    }
    return tk.render("export/admin.html", page)


@admin.route("/lake", methods=["GET"])
def lake() -> str:
    """A part of the page of its own, because a large lake takes a while to count."""
    return page_or_part("lake", lake=_lake())


@admin.route("/publish", methods=["POST"])
def publish() -> Any:
    protect()
    names = ("month", *PARAMETERS, "formats", "dataset", "changed")
    asked = {name: request.form[name] for name in names if request.form.get(name)}
    try:
        tk.get_action("export_publish")(context(), asked)
    except tk.ValidationError as error:
        for name, text in error.error_summary.items():
            tk.h.flash_error(f"{name}: {text}")
    else:
        tk.h.flash_success(tk._("The publication is queued."))
    return tk.redirect_to("export_admin.index")


@admin.route("/jobs/<id>/cancel", methods=["POST"])
def cancel(id: str) -> Any:
    protect()
    try:
        tk.get_action("export_job_cancel")(context(), {"id": id})
    except tk.ObjectNotFound:
        tk.abort(404, tk._("There is no such job."))
    return tk.redirect_to("export_admin.index")


def _lake() -> dict[str, Any]:
    """What the lake says of itself and what an export of everything would hold; or why it does
    not say so. Addresses of databases are not shown: they may hold a password."""
    try:
        inspection = orders.lake().inspect()
        told = tk.get_action("export_summary_show")(context(), {})
    except ExportError as error:
        return {"reachable": False, "error": error.explain()}
    except tk.ValidationError as error:
        return {"reachable": True, "error": "; ".join(error.error_summary.values())}
    return {
        "reachable": True,
        "facts": {tk._(n): tk._(told) if told else "–" for n, told in inspection.facts.items()},
        "problems": inspection.problems[:10],
        "rows": told["rows"],
        "homes": told["homes"],
        "days": len(told["days"]),
        "first_day": told["first_day"],
        "last_day": told["last_day"],
    }


def _rules() -> dict[str, Any]:
    """The rules of privacy in force; of the key only its id."""
    try:
        policy = orders.policy()
    except ExportError as error:
        return {"error": error.explain()}
    return {
        "key_id": policy.key_id,
        "types": policy.types,
        "attributes": policy.attributes,
        "min_homes": policy.min_homes,
        "in_words": in_words(policy, tk._),
        "access": config.access(),
    }


def _lacking() -> list[str]:
    try:
        return shortcomings()
    except ExportError as error:
        return [error.explain()]


def _left() -> str:
    """Of published files that the current rules of privacy have not made."""
    try:
        return renewal.what_is_left()
    except ExportError:
        return ""  # the rules say why


def _recent() -> list[dict[str, Any]]:
    try:
        return recent.exports()
    except RedisError:
        return []
