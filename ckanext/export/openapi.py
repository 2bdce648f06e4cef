"""The Export API as an OpenAPI 3.0.3 document, made from the formats and the query's parameters."""

from importlib.metadata import version
from typing import Any

from apispec import APISpec

from .formats import describe_formats, registry
from .query import PARAMETERS

_PROBLEM = "application/problem+json"


def document(base: str, page: str) -> dict[str, Any]:
    """The document; `base` is the path of the API on its server, `page` that of the form."""
    spec = APISpec(
        title="Export API",
        version=version("ckanext-export"),
        openapi_version="3.0.3",
        info={
            "description": (
                "Observations of smart homes, filtered and written in the format of your choice, "
                "in a zip with descriptions for people, programs and data portals. "
                f"A [page with a form]({page}) shows what a request gives, and writes it down."
            ),
            "license": {
                "name": "AGPL-3.0-or-later",
                "url": "https://www.gnu.org/licenses/agpl-3.0.html",
            },
        },
        servers=[{"url": base}],
        tags=[
            {"name": "export", "description": "Observations as a zip"},
            {"name": "about", "description": "What this API offers"},
        ],
    )
    spec.components.schema("Problem", _problem_schema())
    spec.components.schema("Format", _format_schema())
    _add_parameters(spec)
    for name, response in _responses().items():
        spec.components.response(name, response)
    _add_exports(spec)
    _add_descriptions(spec)
    return spec.to_dict()


def _add_parameters(spec: APISpec) -> None:
    for name, text, example in (
        ("date_from", "First UTC day of the observations, inclusive.", "2016-01-11"),
        ("date_to", "Last UTC day of the observations, inclusive.", "2016-01-13"),
    ):
        # An HTML form sends a field that was left empty.
        schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "enum": [""]}]}
        parameter = {"name": name, "description": text, "schema": schema, "example": example}
        spec.components.parameter(name, "query", parameter)
    for name, text, examples in (
        ("types", "Producer types: the part of the entity id before the dot.", ["sensor"]),
        ("units", "Units of measurement; `µ` and `μ` are the same.", ["°C", "%"]),
    ):
        parameter = _array(name, f"{text} Repeated or comma-separated.", {"type": "string"})
        spec.components.parameter(name, "query", {**parameter, "example": examples})


def _array(name: str, text: str, items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    schema = {"type": "array", "items": items, "minItems": least}
    return {
        "name": name,
        "description": text,
        "style": "form",
        "explode": True,
        "schema": schema,
    }


def _format_names() -> dict[str, Any]:
    """Formats may be written in any case; all upper and all lower are listed."""
    names = list(registry())
    return {"type": "string", "enum": names + [name.upper() for name in names]}


def _add_exports(spec: APISpec) -> None:
    filters = list(PARAMETERS)
    for path, title, parameter in (
        (
            "/{format}",
            "Observations in one format",
            {
                "name": "format",
                "in": "path",
                "required": True,
                "description": "The format; upper and lower case are the same.",
                "schema": _format_names(),
                "example": next(iter(registry())),
            },
        ),
        (
            "/dataset",
            "Observations in several formats",
            {
                **_array("formats", "Formats, repeated or comma-separated.", _format_names(), 1),
                "in": "query",
                "required": True,
                "example": list(registry())[:2],
            },
        ),
    ):
        get = _operation("export", title, [parameter, *filters], _export_statuses())
        head = _operation("export", f"{title}: headers alone", [parameter, *filters], _heads())
        name = path.strip("/{}")
        get["operationId"], head["operationId"] = f"export_{name}", f"export_{name}_head"
        spec.path(path, operations={"get": get, "head": head})


def _operation(tag: str, title: str, parameters: list[Any], responses: Any) -> dict[str, Any]:
    return {"tags": [tag], "summary": title, "parameters": parameters, "responses": responses}


def _export_statuses() -> dict[str, Any]:
    names = {"200": "Zip", "204": "Empty", "400": "BadRequest", "403": "Forbidden"}
    return {**names, "500": "Failure", "503": "Unavailable"}


def _heads() -> dict[str, Any]:
    """HEAD answers with the same statuses and no body."""
    described = {"200": "There is data.", "204": "There is none.", "400": "Bad parameter."}
    described |= {"403": "Not allowed.", "500": "Failed.", "503": "Try again later."}
    return {status: {"description": text} for status, text in described.items()}


def _add_descriptions(spec: APISpec) -> None:
    names = ", ".join(registry())
    listed = {"type": "array", "items": _reference("Format")}
    for path, title, text, content in (
        (
            "/formats",
            "The formats, as text or as JSON",
            "The formats that can be asked for.",
            {
                "text/plain": {"schema": {"type": "string"}, "example": names},
                "application/json": {"schema": listed, "example": describe_formats()},
            },
        ),
        (
            "/openapi.json",
            "This document",
            "An OpenAPI document.",
            {"application/json": {"schema": {"type": "object"}}},
        ),
        (
            "/ui/",
            "This document as a page to try",
            "A page with Swagger UI.",
            {"text/html": {"schema": {"type": "string"}}},
        ),
    ):
        responses = {"200": {"description": text, "content": content}}
        get = _operation("about", title, [], responses)
        get["operationId"] = path.strip("/").partition(".")[0]
        spec.path(path, operations={"get": get})


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _format_schema() -> dict[str, Any]:
    fields = ("name", "media_type", "extension", "description")
    return {
        "type": "object",
        "required": list(fields),
        "properties": {name: {"type": "string"} for name in fields},
    }


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A problem (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "example": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What to change."},
            "parameter": {"type": "string", "description": "The parameter it is about."},
            "value": {"type": "string", "description": "What was given."},
            "accepted": {"type": "array", "items": {"type": "string"}},
        },
    }


def _responses() -> dict[str, Any]:
    return {
        "Zip": {
            "description": (
                "A zip with one data file per format, a CKAN dataset, a Data Package, a README "
                "and, last, a manifest. A zip without its directory was cut on the way: ask again."
            ),
            "headers": {
                "Content-Disposition": {
                    "description": "Name of the file, with today's UTC day.",
                    "schema": {"type": "string"},
                }
            },
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        "Empty": {"description": "No observation matches the filters."},
        "BadRequest": _problem("A parameter is wrong.", 400, "Bad date format", _BAD_DATE),
        "Forbidden": _problem(
            "The portal's rule says no, or too few homes contribute.",
            403,
            "Too few homes",
            {"detail": "Too few homes contribute to this selection; ask for a longer period."},
        ),
        "Failure": _problem(
            "The portal failed.",
            500,
            "Export failed",
            {"detail": "Something went wrong in the portal; please tell its administrator."},
        ),
        "Unavailable": {
            **_problem(
                "The lake cannot be read, or too many exports run.",
                503,
                "Too many exports are running",
                {"detail": "As many exports are running as may (4); try again in 10 seconds."},
            ),
            "headers": {
                "Retry-After": {
                    "description": "Seconds after which to ask again.",
                    "schema": {"type": "integer"},
                }
            },
        },
    }


_BAD_DATE = {
    "detail": "date_from is '2022-02-30', but must be a day that exists, written yyyy-mm-dd.",
    "parameter": "date_from",
    "value": "2022-02-30",
    "accepted": ["yyyy-mm-dd"],
}


def _problem(text: str, status: int, title: str, members: dict[str, Any]) -> dict[str, Any]:
    example = {"type": "about:blank", "title": title, "status": status, **members}
    content = {_PROBLEM: {"schema": _reference("Problem"), "example": example}}
    return {"description": text, "content": content}
