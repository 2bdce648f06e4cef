"""What every lake offers to the export."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from ..errors import TELL, Misconfigured
from ..observations import COLUMNS
from ..query import Query
from .storage import Storage


@dataclass(frozen=True)
class Inspection:
    """What `ckan export check` tells: facts by name, what is wrong, each in a sentence, and the
    canonical columns that the lake lacks and that are derived from others."""

    facts: dict[str, str]
    problems: list[str]
    derived: Sequence[str] = ()


class Scan(ABC):
    """One query on one state of the lake: every pass over it sees the same rows in the same order.

    A context manager; leaving it closes whatever the lake holds open. `version` names the state
    where the lake can: the same version gives the same rows. `ordered` says whether they then
    come in the same order, so that the same query gives the same bytes.
    """

    version: str | None = None
    ordered: bool = True

    @abstractmethod
    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        """The observations, in batches of `observations.SCHEMA` with only the named columns.

        Raises LakeUnavailable. May be called again for another pass, one at a time.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Makes a pass that is under way in another thread end soon."""

    @abstractmethod
    def close(self) -> None:
        """Releases the lake, when no pass is under way. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Lake(ABC):
    """A place that holds observations."""

    def __init__(self, url: str, columns: Mapping[str, str], table: str, storage: Storage) -> None:
        """`columns`: canonical name → the lake's own; `table`: for kinds that have tables."""
        self.url = url
        self.columns = columns
        self.table = table
        self.storage = storage

    @abstractmethod
    def scan(self, query: Query) -> Scan:
        """Begins to read what the query selects. Raises LakeUnavailable."""

    @abstractmethod
    def inspect(self) -> Inspection:
        """What an administrator wants to know. Raises LakeUnavailable when nothing can be read."""


def load_driver(module: str, extra: str) -> Any:
    """A module that only some lakes need. Raises Misconfigured, naming what to install."""
    try:
        return import_module(module)
    except ImportError as error:
        raise Misconfigured(
            f"This portal's data lake needs a driver that is not installed; {TELL}",
            inside=f"{module}: {error}; pip install 'ckanext-export[{extra}]'",
        ) from error
