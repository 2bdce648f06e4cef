"""What a format is, and how formats made of text rows are written."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import pyarrow as pa

from ..observations import COLUMNS, TIMES, Rewritten, each, span
from .rows import Cell, RowWriter


@dataclass(frozen=True)
class Options:
    """What the portal's administrator may choose about formats."""

    escape_formulas: bool = True


@dataclass(frozen=True)
class About:
    """What a file that can hold more than rows says about itself; an empty field is not known.

    When the file was made is not among it: the same query makes the same bytes every day.
    """

    title: str = ""
    notes: str = ""
    license: str = ""
    license_url: str = ""
    author: str = ""
    url: str = ""  # a page about the data
    source: str = ""  # the address that makes the file again, with all filters

    def known(self) -> dict[str, str]:
        """Name → text, without what is not known."""
        return {name: text for name, text in vars(self).items() if text}


NOTHING = About()


class Format(ABC):
    """A way to write observations. One object writes one file."""

    name: ClassVar[str]
    media_type: ClassVar[str]
    extension: ClassVar[str]
    title: ClassVar[str]  # as people write it: "CSV"
    description: ClassVar[str]  # one sentence on what it is good for
    encoding: ClassVar[str] = "utf-8"  # of a text format; empty for a binary one
    tabular: ClassVar[bool] = True  # whether a Data Package can describe its rows
    dialect: ClassVar[Mapping[str, Any]] = {}  # what a Data Package has to say to have them read

    def __init__(self, options: Options, about: About = NOTHING) -> None:
        self.options = options
        self.about = about

    @abstractmethod
    def encode(self, batches: Iterable[pa.RecordBatch]) -> Iterator[memoryview | bytes]:
        """The file's bytes, piece by piece, for batches of `observations.SCHEMA`.

        Raises LakeUnavailable for a time outside the years 1 to 9999 (`expect_dates`). Whoever
        takes the pieces may stop at any of them: the generator is closed then.
        """


def expect_dates(batch: pa.RecordBatch) -> None:
    """Raises LakeUnavailable for times that have no date. Text formats find them by writing."""
    for name in TIMES:
        span(batch.column(name))


class RowFormat(Format):
    """A text format in which a row is its cells in the order of `COLUMNS`, one after the other.

    A format says what surrounds a cell and how a text is escaped; the same functions serve all
    rows, because they are asked once per distinct value. Where nearly all values are distinct,
    `plain` and `texts` save time.
    """

    opening: ClassVar[str] = ""
    between: ClassVar[str] = ""  # rows
    closing: ClassVar[str] = ""

    @abstractmethod
    def around(self, column: str) -> tuple[str, str]:
        """What stands before and after a value of the column that is not null."""

    @abstractmethod
    def text(self, column: str, value: str) -> str:
        """A text value as it stands in the file. Times need no escaping."""

    def texts(self, column: str, values: pa.StringArray) -> pa.StringArray:
        """What `text` says of many values; null stays null."""

        def text(value: str | None) -> str | None:
            return None if value is None else self.text(column, value)

        return each(text)(values)

    def plain(self, column: str) -> str:
        """The pattern of texts that stand in the file as they are, so that `text` is not asked."""
        return ""

    @abstractmethod
    def null(self, column: str) -> str:
        """The whole cell of a null."""

    def encode(self, batches: Iterable[pa.RecordBatch]) -> Iterator[memoryview | bytes]:
        rows = self.rows()
        yield self.opening.encode()
        for batch in batches:
            yield from rows.write(batch)
        yield self.closing.encode()

    def rows(self) -> RowWriter:
        cells = {name: Cell(*self.around(name), self.null(name)) for name in COLUMNS}
        texts = {name: self._rewritten(name) for name in COLUMNS if name not in TIMES}
        return RowWriter(cells, texts, self.between)

    def _rewritten(self, column: str) -> Rewritten:
        return Rewritten(partial(self.texts, column), self.plain(column))
