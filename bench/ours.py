"""The first look at an export: whether it is right, and what memory it took."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import count, download
from .lakes import Part
from .worker import Worker

PREFIX = "/api/export"


@dataclass(frozen=True)
class Look:
    """One export of a new process of the portal, read to a file and counted."""

    lake: str
    format: str
    rows: int
    zip_bytes: int
    text_bytes: int
    first_byte: float  # seconds, of the very first export of a process
    growth: int  # bytes of memory


def address(portal_url: str, kind: str, part: Part) -> str:
    return f"{portal_url}{PREFIX}/{kind}{part.query}"


def look(portal_url: str, worker: Worker, lake: str, kind: str, part: Part, file: Path) -> Look:
    """Raises WrongRows when the zip does not hold exactly the part's rows."""
    worker.renew()
    worker.forget_peak()
    saved = download.save(address(portal_url, kind, part), file)
    growth = worker.growth()
    count.expect(f"The export of {lake} as {kind}", count.rows_in_zip(file, kind), part.rows)
    with zipfile.ZipFile(file) as archive:
        text = archive.getinfo(count.data_file(archive, kind)).file_size
    return Look(lake, kind, part.rows, saved.size, text, saved.first_byte, growth)
