"""Pages of jobs: how one is, and the file that it has prepared."""

from typing import Any

import ckantoolkit as tk
from ckan.config.middleware.flask_app import csrf
from flask import Blueprint, Response, g, request

from . import prepare
from .model import Job

jobs = Blueprint("export_jobs", __name__, url_prefix="/export/jobs")

_PAGES = ("export_jobs.index", "export_jobs.show")


def protect() -> None:
    """Demands the form's token, except from programs that send an API token.

    CKAN itself stops asking for it as soon as one visitor without a login was here.
    """
    by_token = g.get("login_via_auth_header") and tk.current_user.is_authenticated
    if not by_token and tk.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


def context() -> Any:
    return {"user": tk.current_user.name, "auth_user_obj": tk.current_user}


def page_or_part(name: str, **variables: Any) -> str:
    """A page or, where htmx asks, only the part of it that it swaps into one that is there."""
    return tk.render(f"export/{'snippets/' if _is_part() else ''}{name}.html", variables)


def _is_part() -> bool:
    return request.headers.get("HX-Request") == "true"


@jobs.before_request
def _log_in() -> Any:
    """Who follows the link of an e-mail has perhaps been logged out."""
    if request.endpoint in _PAGES and not (tk.current_user.is_authenticated or _is_part()):
        return tk.redirect_to(
            "user.login", next=tk.url_for(request.endpoint, **request.view_args or {})
        )
    return None


def _act(action: str, data: dict[str, Any]) -> Any:
    """An action's answer, or a page that says why there is none."""
    try:
        return tk.get_action(action)(context(), data)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such job."))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error.message or tk._("You may not see this.")))


@jobs.route("/", methods=["GET"])
def index() -> str:
    found = _act("export_job_list", {"kind": "prepare"})
    return tk.render("export/jobs.html", {"jobs": found})


@jobs.route("/prepare", methods=["POST"])
def prepare_export() -> Any:
    protect()
    parameters = request.form.to_dict(flat=False)
    parameters.pop(tk.config["WTF_CSRF_FIELD_NAME"], None)
    try:
        job = _act("export_prepare", parameters)
    except tk.ValidationError as error:
        for text in error.error_summary.values():
            tk.h.flash_error(text)
        return tk.redirect_to("export_jobs.index")
    return tk.redirect_to("export_jobs.show", id=job["id"])


@jobs.route("/<id>", methods=["GET"])
def show(id: str) -> str:
    return page_or_part("job", job=_act("export_job_show", {"id": id}))


@jobs.route("/<id>/download", methods=["GET"])
def download(id: str) -> Response:
    _act("export_job_show", {"id": id})
    job = Job.get(id)
    file = prepare.kept_file(job) if job else None
    if file is None:
        return tk.abort(404, tk._("This export is not there, or not any more."))
    response = prepare.response(file)
    request.environ["__no_cache__"] = True
    response.cache_control.no_store = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@jobs.route("/<id>/cancel", methods=["POST"])
def cancel(id: str) -> Any:
    protect()
    _act("export_job_cancel", {"id": id})
    return tk.redirect_to("export_jobs.show", id=id)


@jobs.route("/<id>/delete", methods=["POST"])
def delete(id: str) -> Any:
    protect()
    _act("export_job_delete", {"id": id})
    tk.h.flash_success(tk._("It has been deleted."))
    return tk.redirect_to("export_jobs.index")
