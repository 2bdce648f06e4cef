"""What the privacy rules cost: an export to a zip with all of them, and with a stand-in for none.

The stand-in is here alone: the extension has no switch that turns the rules off.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pyarrow as pa

from ckanext.export.batches import regroup
from ckanext.export.export import Export, Order
from ckanext.export.formats import find_formats
from ckanext.export.lake import Scan, open_lake
from ckanext.export.package.contents import Description
from ckanext.export.privacy import Policy
from ckanext.export.query import Query

from . import count
from .lakes import Part, published_attributes, published_types
from .measure import FORMATS, Run, answer, fresh, peak_memory

WAYS = ("privacy on", "privacy off")


class _Unprotected(Export):
    """The same export, but that all columns leave as they are in the lake."""

    def _protected(self, scan: Scan) -> Generator[pa.RecordBatch, None, None]:
        self._withheld = Counter[str]()
        yield from regroup(scan.batches())


def measure(part: Part) -> Iterator[tuple[str, str, Run]]:
    """Way, format and run, each in a new process."""
    for kind in FORMATS:
        for way in WAYS:
            run = fresh("bench.privacy", way=way, folder=part.folder, kind=kind)
            count.expect(f"The export, {way}", run.rows, part.rows)
            yield way, kind, run


def take(way: str, folder: str, kind: str) -> Run:
    """Takes the zip as a portal would send it."""
    policy = Policy(
        b"a key for the benchmark", tuple(published_types()), tuple(published_attributes())
    )
    description = Description("bench", "Bench", lambda kind: f"https://localhost/{kind.name}")
    order = Order(Query(), find_formats([kind]), policy, description)
    begun, cpu, sent = time.perf_counter(), time.process_time(), 0
    exported = (Export if way == "privacy on" else _Unprotected)(
        open_lake(str(Path(folder))), order
    )
    first = None
    for chunk in exported:
        first = first or time.perf_counter() - begun
        sent += len(chunk)
    exported.close()
    seconds = time.perf_counter() - begun
    return Run(
        exported.tally.rows,
        seconds,
        first_byte=first,
        sent=sent,
        peak=peak_memory(),
        cpu=time.process_time() - cpu,
    )


if __name__ == "__main__":
    answer(take(**json.loads(sys.argv[1])))
