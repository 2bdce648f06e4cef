"""An export without HTTP: `python -m bench.inside JSON`, one in a process of its own.

All that an export does but for the portal around it, its zip into nothing.
"""

import json
import resource
import sys
import time
from typing import Any

from ckanext.export.export import Export, Order
from ckanext.export.formats import find_formats
from ckanext.export.lake import Lake, Storage, open_lake
from ckanext.export.package.contents import Description
from ckanext.export.privacy import Policy
from ckanext.export.query import Query

from .lakes import published_attributes, published_types
from .measure import Run, answer, peak_memory


def export(
    url: str,
    kind: str,
    last_day: str | None = None,
    table: str = "observations",
    storage: dict[str, str] | None = None,
) -> Run:
    begun = time.perf_counter()
    return taken(
        open_lake(url, table=table, storage=Storage(**storage or {})), kind, last_day, begun
    )


def taken(lake: Lake, kind: str, last_day: str | None, begun: float) -> Run:
    """All of an export; its time counts from `begun`, on the clock of `perf_counter`."""
    exported = Export(lake, _order(kind, last_day), report=lambda entry: None)
    first, sent = None, 0
    for piece in exported:
        first = first or time.perf_counter() - begun
        sent += len(piece)
    seconds, rows = time.perf_counter() - begun, exported.tally.rows
    contents = exported.contents
    assert contents
    text = contents.files[0].member.size
    exported.close()
    return Run(rows, seconds, first, text, sent, peak_memory(), spent())


def spent() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _order(kind: str, last_day: str | None) -> Order:
    days: dict[str, Any] = {"date_to": [last_day]} if last_day else {}
    types, attributes = tuple(published_types()), tuple(published_attributes())
    policy = Policy(b"a key for the benchmark", types, attributes, min_homes=3)
    description = Description("bench", "Bench", lambda kind: "https://portal.example/")
    return Order(Query.parse(days), find_formats([kind]), policy, description)


if __name__ == "__main__":
    answer(export(**json.loads(sys.argv[1])))
