"""The Export API over HTTP."""

import logging
from typing import Any

import ckantoolkit as tk
import flask_swagger_ui
import orjson
from flask import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from . import config, orders, recent
from .admin import admin  # noqa: F401  a blueprint of its own
from .errors import ExportError, TooManyExports
from .export import Export
from .formats import Format, describe_formats, find_format, find_formats, registry
from .jobs_views import jobs  # noqa: F401  a blueprint of its own
from .openapi import document
from .package.contents import stem
from .pages import export_page  # noqa: F401  the blanket takes the blueprints that are here
from .query import Query
from .slots import RETRY_AFTER, Slot

log = logging.getLogger(__name__)

PREFIX = "/api/export"
_WAITING = "export_answer"  # a cookie
_JSON = "application/json"
_SWAGGER = f"{flask_swagger_ui.__path__[0]}/dist"

export = Blueprint("export", __name__, url_prefix=PREFIX)


@export.route("")
@export.route("/")
def root() -> Any:
    return tk.redirect_to("export.ui")


@export.route("/formats")
def formats() -> Response:
    if request.accept_mimetypes.best_match(["text/plain", "application/json"]) != _JSON:
        return Response(", ".join(registry()), content_type="text/plain; charset=utf-8")
    return Response(orjson.dumps(describe_formats()), content_type=_JSON)


@export.route("/openapi.json")
def openapi() -> Response:
    base = tk.url_for("export.root", locale="default").rstrip("/")
    page = tk.url_for("export_page.show", locale="default")
    return Response(orjson.dumps(document(base, page)), content_type=_JSON)


@export.route("/ui/")
def ui() -> str:
    return tk.render("export/swagger_ui.html")


@export.route("/ui/<path:asset>")
def ui_asset(asset: str) -> Response:
    return send_from_directory(_SWAGGER, asset)


@export.route("/dataset")
def dataset() -> Response:
    _check_access()
    parameters = request.args.to_dict(flat=False)
    kinds = find_formats(parameters.pop("formats", []))
    return _export(kinds, Query.parse(parameters))


@export.route("/<format>")
def download(format: str) -> Response:
    _check_access()
    kind = find_format(format)
    return _export([kind], Query.parse(request.args.to_dict(flat=False)))


@export.route("/<path:rest>")
def nowhere(rest: str) -> Response:
    return _not_found()


def _check_access() -> None:
    tk.check_access("export_observations", {"user": tk.current_user.name}, {})


def _export(kinds: list[type[Format]], query: Query) -> Response:
    occasion = "headers" if request.method == "HEAD" else "download"
    order = orders.order(query, kinds, occasion=occasion)
    lake = orders.lake()
    slot = Slot(config.max_concurrent())
    exported = Export(lake, order, release=slot.release, report=recent.note)
    if request.method == "HEAD":
        exported.close()
        body = iter(())
    else:
        body = exported
    response = Response(body, content_type="application/zip")
    file_name = f"{stem(order.description, order.generated)}.zip"
    # In quotes always, as some clients look for them; werkzeug leaves them out where it may.
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@export.after_request
def _guard(response: Response) -> Response:
    """Exports and problems are made for one visitor at one moment: nobody keeps them."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    is_page = request.endpoint in ("export.ui", "export.ui_asset") and response.status_code < 400
    if not is_page:
        request.environ["__no_cache__"] = True
        response.cache_control.no_store = True
    if _WAITING in request.cookies:  # the page for people wants to know when the answer comes
        response.set_cookie(_WAITING, str(response.status_code), max_age=60, samesite="Lax")
    return response


@export.errorhandler(ExportError)
def _expected(error: ExportError) -> Response:
    if error.status == 204:
        response = Response(status=204)
        del response.headers["Content-Type"]
        return response
    if error.status >= 500:
        level = logging.WARNING if isinstance(error, TooManyExports) else logging.ERROR
        log.log(level, "No export: %s", error.explain())
    return problem(error.status, error.title, error.detail, **error.members)


@export.errorhandler(tk.NotAuthorized)
def _not_authorized(error: tk.NotAuthorized) -> Response:
    detail = error.message or "You may not export observations from this portal."
    return problem(403, "Not allowed", str(detail))


@export.errorhandler(404)
def _not_found(error: NotFound | None = None) -> Response:
    return problem(404, "Not found", f"There is nothing here; {PREFIX}/ui/ shows what there is.")


@export.errorhandler(Exception)
def _unexpected(error: Exception) -> Response:
    log.error("Export failed", exc_info=error)
    return problem(
        500, "Export failed", "Something went wrong in the portal; please tell its administrator."
    )


@export.before_app_request
def _unrouted() -> Response | None:
    """Methods and paths that are nobody's never come to a view here: the portal would answer
    them with a page for people."""
    refused = request.routing_exception
    if not f"{request.path}/".startswith(f"{PREFIX}/") or isinstance(refused, RequestRedirect):
        return None
    if isinstance(refused, MethodNotAllowed):
        response = problem(405, "Method not allowed", "Use GET, or HEAD for the headers alone.")
        response.headers["Allow"] = "GET, HEAD, OPTIONS"
        return _guard(response)
    return None if request.blueprint == export.name else _guard(_not_found())


def problem(status: int, title: str, detail: str, **members: Any) -> Response:
    """A problem document (RFC 9457)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    response = Response(orjson.dumps(body), status, content_type="application/problem+json")
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
