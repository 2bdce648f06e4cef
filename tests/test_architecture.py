"""The rules of the house: rooms know nothing of CKAN, and imports go one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ckanext.export.errors

PACKAGE = Path(ckanext.export.errors.__file__).parent
# Room → how far up it is. A module imports from its own room or from lower ones.
LEVELS = {
    "errors": 0,
    "compute": 0,
    "query": 1,
    "observations": 1,
    "batches": 1,
    "ahead": 1,
    "zips": 1,
    "lake": 2,
    "privacy": 2,
    "formats": 2,
    "package": 3,
    "journal": 3,
    "export": 4,
    "summary": 4,
    "check": 5,
    "cube": 4,
    "preview": 5,
}
SIDE_BY_SIDE = 2  # rooms of this level do not know each other
PORTAL = {"ckan", "ckantoolkit", "flask", "click"}


def modules() -> list[Path]:
    return sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).with_suffix("").parts[0] in LEVELS
    )


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, inside functions too."""
    package = ["ckanext", "export", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{name.name}" for name in node.names)


def rooms_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imports(path))
    return {parts[2] for parts in names if parts[:2] == ["ckanext", "export"] and len(parts) > 2}


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_room_is_there():
    assert {room(path) for path in modules()} == set(LEVELS)


@pytest.mark.parametrize("path", modules(), ids=named)
def test_the_library_knows_nothing_of_the_portal(path):
    assert {name.split(".")[0] for name in imports(path)} & PORTAL == set()


@pytest.mark.parametrize("path", modules(), ids=named)
def test_imports_go_one_way(path):
    own = room(path)
    for other in rooms_imported(path) - {own}:
        assert other in LEVELS, f"{own} imports {other}, which belongs to the portal"
        assert LEVELS[other] <= LEVELS[own]
        assert not LEVELS[other] == LEVELS[own] == SIDE_BY_SIDE


def test_the_rules_see_what_they_forbid(tmp_path):
    source = "def f():\n    from ckan.plugins import toolkit\n    import ckantoolkit as tk\n"
    path = PACKAGE / "lake" / "not_there.py"

    class Text:
        def read_text(self):
            return source

        def relative_to(self, other):
            return path.relative_to(other)

    assert {name.split(".")[0] for name in imports(Text())} == {"ckan", "ckantoolkit"}
