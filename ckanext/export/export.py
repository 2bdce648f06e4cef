"""The pipeline: lake → privacy → format → package → bytes."""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from . import journal
from .ahead import Ahead
from .batches import regroup
from .errors import EmptyDataset, ExportError, LakeUnavailable, TooFewHomes
from .formats import Format
from .formats.base import Options
from .lake import Lake, Scan
from .observations import count_values
from .package.archive import Piece, Sealed, archive
from .package.contents import Contents, DataFile, Description, Member, Tally, stem
from .package.datapackage import datapackage
from .package.dataset import dataset
from .package.manifest import manifest
from .package.readme import readme
from .privacy import Policy, Protection, fail_closed
from .query import Query

log = logging.getLogger(__name__)

_DEPTH = 16  # pieces that the encoding may be ahead of the compression: a batch is about as many

# What becomes of the members: an archive, or files in a folder.
Pack = Callable[[Iterable[Sealed], datetime], Iterator[bytes]]
Report = Callable[[journal.Entry], object]


@dataclass(frozen=True)
class Order:
    """An export that somebody ordered, with all that the portal has to say about it."""

    query: Query
    formats: Sequence[type[Format]]
    policy: Policy
    description: Description
    options: Options = Options()
    patience: float = 300.0  # seconds that a reader may take for one piece
    software: str = "ckanext-export"
    occasion: str = "download"  # what it is for, in the log
    generated: datetime = field(default_factory=lambda: datetime.now(UTC))


class Export(Iterator[bytes]):
    """The bytes of one export's zip.

    All that can be checked is checked by the constructor, the first batch included: it raises
    EmptyDataset, TooFewHomes and LakeUnavailable. Later failures are raised while the bytes are
    taken, and the zip then lacks its directory. `tally` grows as they are taken, `contents` is
    there when all were. `release` and `report` are called once, at the end, whatever the end is;
    `close` ends the export at any time. `pack` may make something else of the members than a zip.
    """

    def __init__(
        self,
        lake: Lake,
        order: Order,
        release: Callable[[], None] = lambda: None,
        pack: Pack = archive,
        report: Report = journal.write,
    ):
        self._order = order
        self._release = release
        self._report = report
        self._begun = time.monotonic()
        self._size = 0
        self._outcome = journal.LEFT
        self.contents: Contents | None = None
        self._ahead: Ahead[Piece] | None = None
        self._scan: Scan | None = None
        self._first_pass: Generator[pa.RecordBatch, None, None] | None = None
        self._closed = False
        self.tally = Tally()
        try:
            self._scan = lake.scan(order.policy.narrow(order.query))
            expect_homes(self._scan, order.policy)
            self._first_pass = self._beginning(self._protected(self._scan))
        except BaseException as error:
            self._outcome = error.title if isinstance(error, ExportError) else journal.FAILED
            self.close()
            raise
        self._bytes = pack(self._members(self._scan), order.generated)

    def __next__(self) -> bytes:
        if self._closed:
            raise ValueError("this export is closed")
        try:
            piece = next(self._bytes)
        except StopIteration:
            self._outcome = journal.COMPLETE
            self._let_go()
            raise
        except ExportError as error:
            log.error("An export was cut: %s", error.explain())
            self._outcome = journal.CUT
            self.close()
            raise
        self._size += len(piece)
        return piece

    def __del__(self) -> None:
        """For an export that nobody took and nobody closed."""
        self._let_go()

    def close(self) -> None:
        """Ends the export and frees what it holds. Idempotent."""
        self._closed = True
        if self._scan:
            self._scan.cancel()
        if self._ahead:
            self._ahead.close()
        if self._first_pass:
            self._first_pass.close()
        self._let_go()

    def _let_go(self) -> None:
        release, self._release = self._release, lambda: None
        report, self._report = self._report, lambda entry: None
        try:
            if self._scan:
                self._scan.close()
        finally:
            release()
            report(self._entry())

    def _entry(self) -> journal.Entry:
        order = self._order
        return journal.Entry(
            occasion=order.occasion,
            query=order.query,
            formats=tuple(kind.name for kind in order.formats),
            rows=self.tally.rows,
            size=self._size,
            seconds=round(time.monotonic() - self._begun, 3),
            outcome=self._outcome,
        )

    def _protected(self, scan: Scan) -> Generator[pa.RecordBatch, None, None]:
        protection = Protection(self._order.policy)
        self._withheld = protection.withheld  # and not all that it remembers
        return protection.protect(regroup(scan.batches()))

    @staticmethod
    def _beginning(batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
        """The batches, of which the first one has been read."""
        for first in batches:
            return _resumed(first, batches)
        raise EmptyDataset("No observation matches these filters.")

    def _members(self, scan: Scan) -> Iterator[Sealed]:
        order, sealed = self._order, list[Sealed]()
        files = list[DataFile]()
        for kind in order.formats:
            name = f"{stem(order.description, order.generated)}.{kind.extension}"
            sealed.append(Sealed(name, self._data(kind, scan)))
            yield sealed[-1]
            files.append(DataFile(kind, sealed[-1].member))
        contents = self.contents = Contents(
            order.description,
            order.query,
            order.policy,
            order.generated,
            scan.version,
            scan.ordered,
            self.tally,
            self._withheld,
            tuple(files),
        )
        for name, text in (
            (f"{contents.stem}_metadata.json", _json(dataset(contents))),
            ("datapackage.json", _json(datapackage(contents))),
            ("README.txt", readme(contents).encode()),
        ):
            sealed.append(Sealed(name, [text]))
            yield sealed[-1]
        members: list[Member] = [member.member for member in sealed]
        yield Sealed("manifest.json", [_json(manifest(contents, members, order.software))])

    def _data(self, kind: type[Format], scan: Scan) -> Iterator[Piece]:
        """One pass over the lake as one file; encoding runs ahead of hashing and compressing."""
        several = len(self._order.formats) > 1
        before, self.tally = self.tally, Tally(content=0 if several else None)
        self._ahead = Ahead(
            self._encoded(kind, scan, self.tally),
            _DEPTH,
            self._order.patience,
            give_up=self._let_go,
        )
        yield from self._ahead
        self._ahead.close()
        if before.rows and before != self.tally:
            raise LakeUnavailable("The data lake changed while it was read; ask again.")

    def _encoded(
        self, kind: type[Format], scan: Scan, tally: Tally
    ) -> Generator[Piece, None, None]:
        batches, self._first_pass = self._first_pass, None  # nobody else may keep it open
        ahead = Ahead(batches or self._protected(scan), 1, float("inf"), give_up=lambda: None)
        try:
            order = self._order
            file = kind(order.options, order.description.about(kind))
            yield from file.encode(tally.count(ahead))
        finally:
            ahead.close()


def expect_homes(scan: Scan, policy: Policy) -> None:
    """Raises TooFewHomes. An early stop makes this cheap where there are enough homes."""
    if policy.min_homes <= 1:
        return
    homes = set[str]()
    columns = ("home", "entity_id", "type")
    for batch in Protection(policy).remaining(scan.batches(columns)):
        with fail_closed():
            homes.update(count_values(batch.column("home")))
        if len(homes) >= policy.min_homes:
            return
    if homes:
        raise TooFewHomes(
            "Too few homes contribute to this selection for their privacy; "
            "ask for a longer period, more types or more units."
        )


def _resumed(
    first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]
) -> Generator[pa.RecordBatch, None, None]:
    yield first
    yield from rest


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
