"""What is measured, in which order: everything is checked first, then timed in rounds."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal_stack.portal import Portal, running_portal

from . import count, datastore, download, formats, growth, lake_kinds, original, postgresql, privacy
from . import parts as pipeline
from .lakes import BenchLake, Part, demo_lake, published_types, repetitive_lake, varied_lake
from .measure import FORMATS, Record, Run, fresh
from .ours import Look, address, look
from .worker import Worker

EXTRAS = (
    "limit",
    "datastore",
    "original",
    "varied",
    "formats",
    "lakes",
    "growth",
    "parts",
    "postgresql",
)
ASKED_FOR = ("privacy", "repetitive", "trino", "spark")  # minutes more; two download 0.6-0.8 GB
PEER_ROWS = 1_000_000
SLOWEST_PEER_ROWS = 100_000  # pandas' XML: 100 KB of memory a row
WAYS_OF_DUCKDB = {"duckdb": False, "duckdb ahead": True}  # whether isal has its own thread


@dataclass
class Bench:
    """One run. `home` keeps the lakes and the portal for the next one."""

    home: Path
    rows: int
    repeat: int
    extras: tuple[str, ...]
    say: Callable[[str], None]
    looks: list[Look] = field(default_factory=list)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.record = Record(progress=self.say)
        self.types = published_types()
        self.scratch = self.home / "scratch"
        self.peer_packages = self.home / "peer-packages"

    def run(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by a run that was killed
        self.scratch.mkdir(parents=True)
        try:
            if "original" in self.extras:
                original.install(self.peer_packages)
            self.demo = demo_lake(self.home, self.rows, self.say)
            self._with_portal()
            self._without_portal()
        finally:
            shutil.rmtree(self.scratch)

    def _with_portal(self) -> None:
        self.say("Starting a portal")
        with _portal(self.home / "portal", self.demo, None) as portal:
            self._look(portal, "demo", self.demo)
            self._check_peers()
            dump = self._datastore(portal) if "datastore" in self.extras else None
            for number in range(self.repeat):
                self.say(f"Round {number + 1} of {self.repeat}")
                for kind in FORMATS:
                    self._round(portal, kind, dump)
            if "varied" in self.extras:
                self._varied()
            if "repetitive" in self.extras:
                self._repetitive()
            if "postgresql" in self.extras:
                self._postgresql(portal)

    def _without_portal(self) -> None:
        part = self.demo.first(self.rows // 5)
        if "formats" in self.extras:
            self._rounds("Formats", lambda: formats.measure(part, self.types, self.scratch))
        if "lakes" in self.extras:
            for_spark = self.home / "spark" if "spark" in self.extras else None
            with lake_kinds.filled(part, self.scratch, self.say) as known:
                self._rounds(
                    "Lakes",
                    lambda: lake_kinds.measure(part, known, self.types, self.scratch, for_spark),
                )
        if "growth" in self.extras:
            with growth.parts(self.demo, self.scratch) as parts:
                self._rounds("Growth", lambda: growth.measure(parts))
        if "parts" in self.extras:
            self.say("The parts of the pipeline and what they replaced")
            self.parts = pipeline.measure(self.demo.first(500_000).files, self.repeat)
        if "privacy" in self.extras:
            self._rounds("Privacy", lambda: privacy.measure(self.demo.whole))
        if "trino" in self.extras:
            self._trino()

    def _rounds(self, title: str, measure: Callable[[], Iterable[tuple[str, str, Run]]]) -> None:
        for number in range(self.repeat):
            self.say(f"{title}, round {number + 1} of {self.repeat}")
            for way, kind, run in measure():
                self._add(way, kind, run)

    def _trino(self) -> None:
        from . import trino

        with trino.running(self.home, self.demo, self.say) as known:
            self._rounds("Trino", lambda: trino.measure(known))

    def _look(self, portal: Portal, name: str, lake: BenchLake) -> None:
        """Each format once in a new process, at full size and at a tenth."""
        self.say(f"Checking the exports of the {name} lake, and their memory")
        worker = Worker(portal)
        for kind in FORMATS:
            whole, tenth = lake.whole, lake.first(lake.whole.rows // 10)
            for part in dict.fromkeys((tenth, whole)):
                file = self._zip(name, kind)
                found = look(portal.url, worker, name, kind, part, file)
                self.looks.append(found)
                self.say(f"    {kind:<5}{found.rows:>11,} rows  +{found.growth / 1e6:.0f} MB")

    def _zip(self, lake: str, kind: str) -> Path:
        return self.scratch / f"{lake}-{kind}.zip"

    def _check_peers(self) -> None:
        """What the peers and the limit write has to hold the same rows."""
        part = self.demo.first(self.rows // 10)
        for kind in FORMATS:
            if "limit" in self.extras:
                file = self.scratch / f"limit.{kind}"
                self._duck(part, kind, overlap=False, keep=file)
                with file.open("rb") as data:
                    count.expect(f"DuckDB's {kind}", count.rows_in(data, kind), part.rows)
                file.unlink()
            if "original" in self.extras:
                self._original(kind, self.demo.first(SLOWEST_PEER_ROWS), keep=True)

    def _datastore(self, portal: Portal) -> str:
        self.say("Loading and checking the DataStore")
        part = self.demo.first(PEER_ROWS)
        file = self.scratch / "peer.zip"
        download.save(address(portal.url, "csv", part), file)
        dump = datastore.fill(portal, file, part.rows)
        worker = Worker(portal)
        for kind in FORMATS:
            worker.renew()
            worker.forget_peak()
            saved = download.save(f"{dump}?format={kind}", file)
            growth = worker.growth()
            with file.open("rb") as data:
                count.expect(f"The DataStore's {kind}", count.rows_in(data, kind), part.rows)
            found = Look("datastore", kind, part.rows, 0, saved.size, saved.first_byte, growth)
            self.looks.append(found)
        return dump

    def _round(self, portal: Portal, kind: str, dump: str | None) -> None:
        whole = self.demo.whole
        self._add("export", kind, download.timed(address(portal.url, kind, whole), whole.rows))
        if "limit" in self.extras:
            for way, overlap in WAYS_OF_DUCKDB.items():
                self._add(way, kind, self._duck(whole, kind, overlap))
            self._add("scan", kind, self._scan(whole))
            self._add("compression", kind, self._compression("demo", kind, whole))
        if dump:
            rows = self.demo.first(PEER_ROWS).rows
            self._add("datastore", kind, download.timed(f"{dump}?format={kind}", rows))
        if "original" in self.extras:
            most = SLOWEST_PEER_ROWS if kind == "xml" else PEER_ROWS
            self._add("original", kind, self._original(kind, self.demo.first(most)))

    def _varied(self) -> None:
        """The floor. A fifth of its rows is timed, because it is slow; memory is of all."""
        lake = varied_lake(self.home, self.rows, self.say)
        self._another("varied", lake, lake.first(self.rows // 5))

    def _repetitive(self) -> None:
        lake = repetitive_lake(self.home, self.rows, self.say)
        self._another("repetitive", lake, lake.whole)

    def _another(self, name: str, lake: BenchLake, part: Part) -> None:
        """Another lake over HTTP, in a portal of its own on the services of the first."""
        with _portal(self.home / f"portal-{name}", lake, self.home / "portal") as portal:
            self._look(portal, name, lake)
            for number in range(self.repeat):
                self.say(f"{name.capitalize()} lake, round {number + 1} of {self.repeat}")
                for kind in FORMATS:
                    url = address(portal.url, kind, part)
                    self._add(name, kind, download.timed(url, part.rows))
                    for way, overlap in WAYS_OF_DUCKDB.items():
                        if "limit" in self.extras:
                            self._add(f"{name} {way}", kind, self._duck(part, kind, overlap))

    def _postgresql(self, portal: Portal) -> None:
        self.say("Loading PostgreSQL")
        whole = self.demo.whole
        with postgresql.filled(portal, whole, self.scratch) as url:
            for _ in range(self.repeat):
                for way in postgresql.WAYS:
                    run = postgresql.timed(portal, way, url, whole, self.types)
                    self._add(way, "csv", run)

    def _add(self, way: str, kind: str, run: Run) -> None:
        self.record.add(way, kind, run)

    def _scan(self, part: Part) -> Run:
        run = fresh("bench.limit", way="scan", folder=part.folder, last_day=None, types=self.types)
        count.expect("The scan", run.rows, part.rows)
        return run

    def _compression(self, lake: str, kind: str, part: Part) -> Run:
        file = self._zip(lake, kind)
        return fresh("bench.limit", way="compress", archive=file, kind=kind, rows=part.rows)

    def _duck(self, part: Part, kind: str, overlap: bool, keep: Path | None = None) -> Run:
        run = fresh(
            "bench.limit",
            way="duck",
            files=part.files,
            types=self.types,
            kind=kind,
            overlap=overlap,
            keep=keep,
        )
        count.expect("DuckDB", run.rows, part.rows)
        return run

    def _original(self, kind: str, part: Part, keep: bool = False) -> Run:
        file = self.scratch / "original.zip"
        arguments = {"files": part.files, "types": self.types, "kind": kind, "target": file}
        run = fresh("bench.original", self.peer_packages, **arguments)
        found = count.rows_in_zip(file, kind) if keep else run.rows
        count.expect(f"The original algorithm's {kind}", found, part.rows)
        file.unlink()
        return run


@contextmanager
def _portal(home: Path, lake: BenchLake, backing: Path | None) -> Iterator[Portal]:
    settings = {"ckan.plugins": "export datastore"}
    with running_portal(
        home, lake=str(lake.folder), settings=settings, backing_home=backing
    ) as portal:
        yield portal
