"""The plain DuckDB queries of the limit: each observation as one text, without privacy.

They escape only what the benchmark's lakes need (states and attributes), because what they have
to be is fast; other ways of writing them were slower here. `bench.count` reads what they write.
"""

from collections.abc import Callable

from ckanext.export.observations import COLUMNS, TIMES

_TIME = "'%Y-%m-%dT%H:%M:%S.%fZ'"
_DIRTY = {  # what makes a state need escaping
    "csv": ('"', ",", "\n", "\r"),
    "json": ('"', "\\", "\n", "\r", "\t"),
    "xml": ("&", "<", ">", "\r"),
}
_CHANGES = {
    "csv": (('"', '""'),),
    "json": (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")),
    "xml": (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")),
}

OPENING = {
    "csv": ",".join(COLUMNS) + "\r\n",
    "json": "[\n",
    "xml": '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<data xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n',
}
CLOSING = {"csv": "", "json": "]\n", "xml": "</data>\n"}


def statement(kind: str) -> str:
    """A query with the parameters `files` and `types`, of one text column."""
    cells = ", ".join(_ROWS[kind]())
    return (
        f"SELECT concat({cells}) FROM read_parquet($files) "  # noqa: S608  our own words only
        "WHERE list_contains($types, type)"
    )


def _csv() -> list[str]:
    attributes = f"""'"' || {_changed("csv", "attributes")} || '"'"""
    cells = _cells("csv", lambda column: f'"{column}"', attributes)
    return [part for cell in cells for part in (cell, "','")][:-1] + ["chr(13)", "chr(10)"]


def _json() -> list[str]:
    cells = _cells("json", _json_text, "attributes")
    parts: list[str] = []
    for column, cell in zip(COLUMNS, cells, strict=True):
        before = "{" if column == COLUMNS[0] else ","
        quote = '"' if column in TIMES else ""
        parts += [_literal(f'{before}"{column}":{quote}'), cell]
        parts += [_literal(quote)] if quote else []
    return [*parts, "'},'", "chr(10)"]


def _json_text(column: str) -> str:
    return f"""coalesce('"' || {_clean("json", column)} || '"', 'null')"""


def _xml() -> list[str]:
    cells = _cells("xml", _xml_text, _element("attributes", _clean("xml", "attributes")))
    parts = ["'<row>'"]
    for column, cell in zip(COLUMNS, cells, strict=True):
        parts.append(_element(column, cell) if column in TIMES else cell)
    return [*parts, "'</row>'", "chr(10)"]


def _xml_text(column: str) -> str:
    nothing = _literal(f'<{column} xsi:nil="true"/>')
    return f"coalesce({_element(column, _clean('xml', column))}, {nothing})"


def _element(column: str, value: str) -> str:
    return f"'<{column}>' || {value} || '</{column}>'"


_ROWS = {"csv": _csv, "json": _json, "xml": _xml}


def _cells(kind: str, text: Callable[[str], str], attributes: str) -> list[str]:
    """An expression for each column."""
    special = {"attributes": attributes}
    if kind == "csv":
        special["state"] = _quoted_state()
    return [
        special.get(column) or (_time(column) if column in TIMES else text(column))
        for column in COLUMNS
    ]


def _time(column: str) -> str:
    return f"strftime(make_timestamp(epoch_us({column})), {_TIME})"


def _quoted_state() -> str:
    quoted = f"""'"' || {_changed("csv", "state")} || '"'"""
    return f"CASE WHEN {_is_dirty('csv', 'state')} THEN {quoted} ELSE state END"


def _clean(kind: str, column: str) -> str:
    """Escaped where the lake has something to escape."""
    if column not in ("state", "attributes"):
        return f'"{column}"'
    changed = _changed(kind, column)
    return f"CASE WHEN {_is_dirty(kind, column)} THEN {changed} ELSE {column} END"


def _is_dirty(kind: str, column: str) -> str:
    return " OR ".join(f"contains({column}, {_literal(sign)})" for sign in _DIRTY[kind])


def _changed(kind: str, column: str) -> str:
    for old, new in _CHANGES[kind]:
        column = f"replace({column}, {_literal(old)}, {_literal(new)})"
    return column


def _literal(text: str) -> str:
    """DuckDB's `'…'` takes every character as it is but the quote."""
    return "'" + text.replace("'", "''") + "'"
