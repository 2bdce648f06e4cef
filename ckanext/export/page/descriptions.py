"""Finds texts of rooms that know no languages, for the message catalogue (`pyproject.toml` names
these functions): the formats' descriptions, what a lake tells of itself, and why exports fail."""

import ast
from collections.abc import Iterator
from typing import IO, Any

from ..errors import TELL

Message = tuple[int, None, str, list[str]]
_FAILURES = ("ExportError", "EmptyDataset", "LakeUnavailable", "Misconfigured", "TooFewHomes")


def extract_descriptions(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Message]:
    """Texts that a class assigns to `description`, as Babel wants messages."""
    for kind in ast.walk(ast.parse(file.read())):
        for line in kind.body if isinstance(kind, ast.ClassDef) else []:
            match line:
                case ast.Assign([ast.Name("description")], ast.Constant(str(text))):
                    yield line.lineno, None, text, []


def extract_facts(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Message]:
    """The names in `facts`, and those of their values and of failures that are always the same."""
    for line in ast.walk(ast.parse(file.read())):
        match line:
            case ast.Assign([ast.Name("facts")], ast.Dict(names, values)):
                for node in (*names, *values):
                    yield from _texts(node)
            case ast.Assign([ast.Subscript(ast.Name("facts"), name)], value):
                yield from _texts(name)
                yield from _texts(value)
            case ast.Raise(ast.Call(ast.Name(kind), [detail])) if kind in _FAILURES:
                yield from _texts(detail)


def _texts(node: ast.expr | None) -> Iterator[Message]:
    match node:
        case ast.Constant(str(text)):
            yield node.lineno, None, text, []
        case ast.JoinedStr([ast.Constant(str(text)), ast.FormattedValue(ast.Name("TELL"))]):
            yield node.lineno, None, text + TELL, []
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts(value)
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body)
            yield from _texts(other)
