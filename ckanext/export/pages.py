"""The page for people over HTTP."""

from typing import Any

import ckantoolkit as tk
from flask import Blueprint, Response, make_response, request

from . import config, orders
from .errors import ExportError
from .formats import describe_formats
from .page.form import Form
from .page.look import Look, first_rows, look, told
from .privacy import in_words

__all__ = ["export_page"]

# Beside the form's fields: which of its buttons was pressed. Without JavaScript the page comes
# back (`show`, and `preview` with the first rows) or leads to the API's zip (`download`).
_BUTTON = "do"

export_page = Blueprint("export_page", __name__, url_prefix="/export")


@export_page.route("", strict_slashes=False)
def show() -> Any:
    given = request.args.to_dict(flat=False)
    button = given.pop(_BUTTON, [""])[-1]
    seen = look(Form.read(given, submitted=button == "download"))
    if button == "download" and seen.rows:
        return tk.redirect_to(seen.api_url())
    rows = _rows(seen) if button == "preview" and seen.rows else {}
    page = tk.render("export/page.html", _variables(seen, rules=_rules(), **rows))
    return make_response(page, 400 if seen.form.mistakes else 200)


@export_page.route("/live")
def live() -> Response:
    """What changes on the page when the form does, its address included."""
    seen = look(_form())
    response = make_response(tk.render("export/snippets/live.html", _variables(seen)))
    response.headers["HX-Replace-Url"] = tk.url_for("export_page.show", **seen.form.parameters())
    return response


@export_page.route("/preview")
def preview() -> str:
    """The first rows and the estimated size."""
    seen = look(_form())
    # The numbers say already whether there is anything; then nobody need read the lake for it.
    rows = _rows(seen) if seen.rows else {"preview_trouble": seen.trouble}
    return tk.render("export/snippets/preview.html", rows)


def _form() -> Form:
    given = request.args.to_dict(flat=False)
    given.pop(_BUTTON, None)
    return Form.read(given, submitted=bool(given))


def _rows(seen: Look) -> dict[str, Any]:
    try:
        first = first_rows(seen.form)
        return {"preview": first, "size": first.size(seen.rows)}
    except ExportError as error:
        return {"preview_trouble": told(error)}


def _variables(seen: Look, **others: Any) -> dict[str, Any]:
    return {
        "look": seen,
        "form": seen.form,
        "formats": describe_formats(),
        "page_title": config.page_title(),
        "introduction": config.page_introduction(),
        **others,
    }


def _rules() -> str:
    """The rules of privacy in the visitor's language; nothing where they are not set up right,
    which the form tells."""
    try:
        return " ".join(in_words(orders.policy(), tk._))
    except ExportError:
        return ""


@export_page.before_request
def _check_access() -> None:
    tk.check_access("export_observations", {"user": tk.current_user.name}, {})


@export_page.errorhandler(tk.NotAuthorized)
def _not_authorized(error: tk.NotAuthorized) -> Response:
    page = tk.render("export/refused.html", {"reason": config.access()})
    return make_response(page, 403)


@export_page.after_request
def _guard(response: Response) -> Response:
    """The numbers are of one moment, and who may see them is asked every time."""
    request.environ["__no_cache__"] = True
    response.cache_control.no_store = True
    return response
