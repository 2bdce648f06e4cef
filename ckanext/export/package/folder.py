"""The members as files of a folder, for who needs them one by one."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .archive import Sealed


def files_in(folder: Path) -> Callable[[Iterable[Sealed], datetime], Iterator[bytes]]:
    """Writes each member under its name, and yields what was written."""

    def pack(members: Iterable[Sealed], when: datetime) -> Iterator[Any]:
        for member in members:
            with (folder / member.name).open("wb") as file:
                for piece in member:
                    file.write(piece)
                    yield piece

    return pack
