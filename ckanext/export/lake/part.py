"""One file of a file lake, whatever its kind."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pyarrow as pa
from pyarrow import fs

from ..errors import TELL, LakeUnavailable, without_values
from ..query import Query
from .canonical import Canonical


class Part(ABC):
    """A file as it was when `peek` looked at it; one that has changed since is not read.

    There may be thousands, so each remembers little.
    """

    kind: ClassVar[str]  # a word for people
    suffixes: ClassVar[tuple[str, ...]]
    counted: ClassVar[bool] = False  # whether `rows` is known without reading the file

    def __init__(self, system: fs.FileSystem, file: fs.FileInfo) -> None:
        self.system = system
        self.path = file.path
        self.size = file.size
        self.stamp = ""  # differs when the file's content does
        self.columns: tuple[str, ...] = ()
        self.rows = 0

    @abstractmethod
    def peek(self) -> None:
        """Looks at what has to be known before the first byte of an export: `columns` at least.

        Raises LakeUnavailable and what pyarrow raises for a file that is damaged.
        """

    @abstractmethod
    def batches(self, canonical: Canonical, query: Query) -> Iterator[pa.RecordBatch]:
        """The columns that `canonical` needs, under the lake's own names, of all rows that the
        query may select."""

    @contextmanager
    def opened(self) -> Iterator[pa.NativeFile]:
        """The file, if it still is what it was."""
        try:
            file = self.system.open_input_file(self.path)
        except FileNotFoundError as error:
            raise self._changed() from error
        with file:
            stamp = self._stamp(file)
            if self.stamp and self.stamp != stamp:
                raise self._changed()
            self.stamp = stamp
            yield file

    @property
    def near(self) -> bool:
        """Whether a read costs nothing but the bytes."""
        return isinstance(self.system, fs.LocalFileSystem)

    def damaged(self, why: str) -> LakeUnavailable:
        return LakeUnavailable(
            f"A file of the data lake is damaged or out of reach; {TELL}",
            inside=f"{self.path}: {without_values(why)}",
        )

    def _stamp(self, file: pa.NativeFile) -> str:
        if not self.near:
            told = {name.lower(): text for name, text in (file.metadata() or {}).items()}
            if tag := told.get("etag"):
                return tag.decode().strip('"')
        now = self.system.get_file_info(self.path)
        return f"{now.size}-{now.mtime_ns}"

    def _changed(self) -> LakeUnavailable:
        return LakeUnavailable(
            "The data lake changed while it was read; ask again.", inside=self.path
        )
