"""The original system's lake, a table of Apache Hudi: `hudi+file:///srv/lake`, `hudi+s3://…`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from ..errors import TELL, LakeUnavailable
from ..observations import COLUMNS
from ..query import Query
from .base import Inspection, Lake, Scan, load_driver
from .canonical import DERIVED_FROM, Canonical
from .storage import Storage
from .wide import Flattening, WideTable

HOME = "uuid"  # the home's column, unless `columns` says otherwise
_PARTITION = ["path_year", "path_month", "path_day"]  # the UTC day of the upload
_CLOCK = timedelta(days=1)  # that a home's clock may be ahead
_BYTES = 32 << 20  # of a batch of the wide table, about
_MOST_ROWS = 4_096  # of one
_ARROW = (pa.ArrowException, OSError)


class HudiLake(Lake):
    """A wide table: a row per home and upload, a column per entity."""

    def scan(self, query: Query) -> "HudiScan":
        with self._told():
            return HudiScan(self._snapshot(), self.columns, query, self.storage)

    def inspect(self) -> Inspection:
        with self._told():
            snapshot = self._snapshot()
            slices = snapshot.slices(Query())
        wide = snapshot.wide(self.columns)
        problems = []
        if not wide.has_home:
            problems.append(f"the table has no column {wide.home!r}")
        if not wide.entities:
            problems.append("the table has no column that is an array of observations")
        if snapshot.table.timezone == "local" and time.daylight:
            problems.append(
                "the table's commits are named by local time, and the driver overlooks those of "
                "the hours in which this portal's clock is changed; run the portal with TZ=UTC"
            )
        derived = [name for name in DERIVED_FROM if not wide.fields[name]]
        partition = ", ".join(snapshot.partition)
        facts = {
            "kind": f"Hudi table ({'merge on read' if snapshot.table.is_mor else 'copy on write'})",
            "place": self._place,
            "table": snapshot.table.table_name,
            "version": snapshot.instant,
            "file groups": f"{len(slices):,}",
            "size": f"{sum(part.total_size_bytes() for part in slices) / 1e6:,.1f} MB",
            "partitions": f"by {partition or 'nothing'}; "
            + ("days skip some" if snapshot.partition == _PARTITION else "all are always read"),
            "columns of entities": f"{len(wide.entities):,}",
            "columns that are no entities": ", ".join(wide.ignored) or "none",
            "derived columns": ", ".join(derived) or "none",
        }
        return Inspection(facts, problems)

    @property
    def _place(self) -> str:
        return self.url.partition("+")[2]

    def _snapshot(self) -> "Snapshot":
        driver = load_driver("hudi", "hudi")
        builder = driver.HudiTableBuilder.from_base_uri(self._place)
        builder.with_storage_options(self.storage.object_store())
        return Snapshot(driver, builder.build())

    def _told(self) -> Any:
        return _told(self.storage)


class Snapshot:
    """A table as it was at its latest commit."""

    def __init__(self, driver: Any, table: Any) -> None:
        self._driver = driver
        self.table = table
        self.instant: str = table.get_timeline().get_latest_commit_timestamp()
        self.schema: pa.Schema = table.get_schema()
        self.partition: list[str] = table.get_partition_schema().names

    def options(self) -> Any:
        return self._driver.HudiReadOptions().with_as_of_timestamp(self.instant)

    def reader(self) -> Any:
        return self.table.create_file_group_reader_with_options(self.options())

    def wide(self, names: Mapping[str, str]) -> WideTable:
        return WideTable(self.schema, {"home": HOME, **names})

    def slices(self, query: Query) -> list[Any]:
        """The newest version of each group of files that may hold what a query selects, in a
        fixed order.

        A partition is the day of the upload, the query asks for days of observations: what is
        uploaded was observed before, so that only what was uploaded too early can be left out.
        """
        found = self.table.get_file_slices(self.options())
        if bare := [part for part in found if not part.base_file_name]:
            raise LakeUnavailable(
                f"A part of the data lake cannot be read; {TELL}",
                inside=f"{len(bare)} file groups, such as {bare[0].file_id} in "
                f"{bare[0].partition_path}, have logs but no base file; compact the table",
            )
        if query.date_from and query.date_from > date.min + _CLOCK:
            first = query.date_from - _CLOCK
            found = [part for part in found if self._day(part) >= first]
        return sorted(found, key=lambda part: (self._day(part), part.partition_path, part.file_id))

    def _day(self, part: Any) -> date:
        """The day of the upload; the last one for partitions that are no days."""
        if self.partition == _PARTITION:
            names = part.partition_path.split("/")
            with suppress(ValueError, TypeError):
                return date(*(int(name.rpartition("=")[2]) for name in names))
        return date.max


class HudiScan(Scan):
    """The files of one commit. Later commits write files of their own."""

    def __init__(
        self, snapshot: Snapshot, names: Mapping[str, str], query: Query, storage: Storage
    ) -> None:
        self.version = snapshot.instant
        self._snapshot = snapshot
        self._wide = snapshot.wide(names)
        self._query = query
        self._storage = storage
        self._slices = snapshot.slices(query)
        self._reader = snapshot.reader()
        self._cancelled = False
        self._bytes_of_row = 0
        self._expect(snapshot.table.base_url)

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        canonical = Canonical(self._wide.names, self._query, columns)
        flattening = Flattening(self._wide, canonical.needed(self._wide.present))
        entities = self._wide.columns(self._query.types)
        if not entities:
            return
        for part in self._slices:
            for batch in self._read(part, [self._wide.home, *entities]):
                for rows in flattening.rows(batch, entities):
                    if self._cancelled:
                        raise LakeUnavailable("The export was ended.")
                    if (selected := canonical.select(rows)).num_rows:
                        yield selected

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        pass  # a pass closes what it reads

    def _expect(self, place: str) -> None:
        if not self._wide.entities:
            raise LakeUnavailable(
                f"The data lake has no observations; {TELL}",
                inside=f"{place} has no column that is an array of observations",
            )
        Canonical(self._wide.names, self._query, COLUMNS).expect(self._wide.present, place)

    def _read(self, part: Any, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        options = self._snapshot.options().with_projection(list(columns))
        with _told(self._storage):
            if not self._bytes_of_row:
                first = self._reader.read_file_slice_stream(part, options.with_batch_size(1))
                self._weigh(next(iter(first), None))
            options = options.with_batch_size(self._rows())
            for batch in self._reader.read_file_slice_stream(part, options):
                self._weigh(batch)
                rows = self._rows()  # with logs to merge, the whole slice comes as one batch
                for start in range(0, len(batch), rows):
                    yield batch.slice(start, rows)

    def _rows(self) -> int:
        return min(max(1, _BYTES // max(1, self._bytes_of_row)), _MOST_ROWS)

    def _weigh(self, batch: pa.RecordBatch | None) -> None:
        """Homes have few entities or hundreds, and one row may have megabytes."""
        if batch is not None and batch.num_rows:
            self._bytes_of_row = max(self._bytes_of_row, batch.nbytes // batch.num_rows)


@contextmanager
def _told(storage: Storage) -> Iterator[None]:
    """The driver's failures in words. It does not export their class."""
    try:
        yield
    except Exception as error:
        if type(error).__module__ != "_internal" and not isinstance(error, _ARROW):
            raise
        raise LakeUnavailable(
            f"The data lake cannot be read; {TELL}", inside=storage.hide(str(error))
        ) from None
