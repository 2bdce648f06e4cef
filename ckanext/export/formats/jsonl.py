"""NDJSON, also known as JSON Lines: an object a line and nothing around them."""

from .json import Json


class JsonLines(Json):
    name = "jsonl"
    media_type = "application/x-ndjson"
    extension = "jsonl"
    title = "JSONL"
    description = "An object a line (NDJSON, JSON Lines), for programs that read row by row."
    opening = between = closing = ""
    row_end = "}\n"
