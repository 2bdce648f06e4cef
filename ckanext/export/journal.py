"""One line in the log for every export, for programs that read logs. It says nothing of people."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from .query import Query, shown

log = logging.getLogger(__name__)

_VALUES = 50  # types or units that a line names

# How an export may end; one that did not begin has the title of its error.
COMPLETE, LEFT, CUT, FAILED = "complete", "left", "cut", "failed"


@dataclass(frozen=True)
class Entry:
    """How an export ended. `size`: bytes that were taken, zipped where it was a zip; `rows`: those
    that were encoded until then."""

    occasion: str
    query: Query
    formats: tuple[str, ...]
    rows: int
    size: int
    seconds: float
    outcome: str

    def document(self) -> dict[str, Any]:
        """As JSON knows it; no address, name or account of who asked."""
        return {
            "ended": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "occasion": self.occasion,
            "formats": list(self.formats),
            "date_from": self.query.date_from and self.query.date_from.isoformat(),
            "date_to": self.query.date_to and self.query.date_to.isoformat(),
            "types": [shown(value) for value in self.query.types[:_VALUES]],
            "units": [shown(value) for value in self.query.units[:_VALUES]],
            "rows": self.rows,
            "bytes": self.size,
            "seconds": self.seconds,
            "outcome": self.outcome,
        }


def write(entry: Entry) -> dict[str, Any]:
    """Writes the line, and gives back what stands in it."""
    document = entry.document()
    log.info("export %s", orjson.dumps(document).decode())
    return document
