"""Finds the formats' descriptions for the message catalogue (`pyproject.toml` names this)."""

import ast
from collections.abc import Iterator
from typing import IO, Any


def extract_descriptions(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Texts that a class assigns to `description`, as Babel wants messages."""
    for kind in ast.walk(ast.parse(file.read())):
        for line in kind.body if isinstance(kind, ast.ClassDef) else []:
            match line:
                case ast.Assign([ast.Name("description")], ast.Constant(str(text))):
                    yield line.lineno, None, text, []
