"""The demo lake of a home."""

import shutil
from pathlib import Path

from portal_stack.home import Home


def demo_folder(home: Home) -> Path:
    return home.path / "lake"


def make_demo_lake(home: Home) -> bool:
    """Makes it whole or not at all; False if it is there already."""
    folder = demo_folder(home)
    if folder.exists():
        return False
    from ckanext.export.demo import make_demo_lake as make

    draft = folder.with_name("lake.part")
    shutil.rmtree(draft, ignore_errors=True)
    make(draft)
    draft.rename(folder)
    return True


def days(lake: str) -> list[str]:
    """The UTC days of a local file lake, in order; empty for other lakes."""
    folder = Path(lake.removeprefix("file://"))
    return sorted(path.name.removeprefix("date=") for path in folder.glob("date=*"))
