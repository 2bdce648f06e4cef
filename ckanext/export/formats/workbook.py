"""The parts of an Excel workbook that surround its rows, made by XlsxWriter.

XlsxWriter itself writes a Python object a cell and the whole workbook into temporary files before
its first byte can leave. Here it makes a workbook with a sample row in memory, and the rows are
put in the sample's place while the sheet is on its way.
"""

import io
import re
import zipfile
from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from ..observations import COLUMNS, TIMES
from .base import About
from .xml import allowed

LONGEST = 32_767  # UTF-16 units of a cell
MOST_ROWS = 1_048_575  # of a sheet, below its header

_WIDTHS = {"home": 26, "entity_id": 36, "attributes": 60} | dict.fromkeys(TIMES, 24)
_HEADINGS = {
    "title": "Title",
    "notes": "Description",
    "license": "Licence",
    "license_url": "Licence text",
    "author": "Author",
    "url": "Page",
    "source": "Made by",
}
_TIMES_TEXT = "Times are UTC, to the millisecond."
_MADE = re.compile(rb"<dcterms:(created|modified) .*?</dcterms:\1>")
_EXTENT = re.compile(rb"<dimension [^>]*/>")
_SAMPLE = re.compile(rb'<row r="2".*?</row>')
_STYLE = re.compile(rb' s="(\d+)"')


@dataclass(frozen=True)
class Sheet:
    """A sheet for rows: its path in the file, and what stands before and after the rows."""

    path: str
    before: bytes
    after: bytes


class Skeleton:
    """A workbook with some sheets for rows, which have a header, and one about the data.

    It is made anew when a sheet joins: what has been said of the other sheets stays true.
    """

    def __init__(self, sheets: int, about: About) -> None:
        self._parts = _written(sheets, about)
        path = f"xl/worksheets/sheet{sheets}.xml"
        content = _EXTENT.sub(b"", self._parts[path])  # not known before the rows
        before, after = _SAMPLE.split(content)
        self.last = Sheet(path, before, after)
        self._filled = {f"xl/worksheets/sheet{number + 1}.xml" for number in range(sheets)}
        [sample] = _SAMPLE.findall(content)
        styles = map(int, _STYLE.findall(sample))
        self.styles: dict[str, int] = dict(zip(COLUMNS, styles, strict=True))

    def others(self) -> dict[str, bytes]:
        """Path → content of all that are not sheets for rows."""
        return {path: text for path, text in self._parts.items() if path not in self._filled}


def cut(text: str) -> str:
    """A text as long as a cell may be: one that is longer ends in an ellipsis."""
    if len(text) <= LONGEST // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST:
        return text
    return units[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + "…"


def _written(sheets: int, about: About) -> dict[str, bytes]:
    """Path → content of the workbook's parts, without the time at which they were made."""
    file = io.BytesIO()
    known = {name: cut(allowed(text)) for name, text in about.known().items()}
    with Workbook(file, {"in_memory": True}) as workbook:
        for number in range(1, sheets + 1):
            name = "Observations" if number == 1 else f"Observations {number}"
            _prepare(workbook, workbook.add_worksheet(name))
        _tell(workbook, workbook.add_worksheet("About"), known)
        properties = {"title": "title", "author": "author", "comments": "license"}
        workbook.set_properties({told: known.get(name, "") for told, name in properties.items()})
    with zipfile.ZipFile(file) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    return parts | {"docProps/core.xml": _MADE.sub(b"", parts["docProps/core.xml"])}


def _prepare(workbook: Workbook, sheet: Worksheet) -> None:
    """Makes the header and the sample row."""
    # A cell that is marked as text stays one, whatever it begins with, when somebody edits it.
    styles = {"num_format": "@"}, {"num_format": "yyyy-mm-dd hh:mm:ss.000"}
    text, time = map(workbook.add_format, styles)
    header = workbook.add_format({"bold": True})
    for place, name in enumerate(COLUMNS):
        style = time if name in TIMES else text
        sheet.set_column(place, place, _WIDTHS.get(name, 14), style)
        sheet.write_string(0, place, name, header)
        sheet.write_blank(1, place, None, style)
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:H{MOST_ROWS + 1}"})


def _tell(workbook: Workbook, sheet: Worksheet, known: dict[str, str]) -> None:
    heading = workbook.add_format({"bold": True, "valign": "top"})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 100)
    texts = {_HEADINGS[name]: text for name, text in known.items()} | {"Times": _TIMES_TEXT}
    for row, (name, text) in enumerate(texts.items()):
        sheet.write_string(row, 0, name, heading)
        sheet.write_string(row, 1, text, wrapped)
