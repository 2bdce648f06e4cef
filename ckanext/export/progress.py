"""How far a job is: told to the database about once a second."""

import time
from collections.abc import Iterator

from .errors import ExportError
from .export import Export
from .model import Job

_INTERVAL = 1.0  # seconds


class Cancelled(ExportError):
    """Somebody cancelled the job."""

    title = "Cancelled"


class Progress:
    """Of one job, that may consist of several exports. `rows` and `size` are those of all."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._told = 0.0
        self._before = 0.0  # the part of the job that earlier exports were
        self._share = 1.0  # the part that this one is
        self.rows = 0
        self.size = 0

    def share(self, before: float, share: float) -> None:
        """Which part of the job the next export is: both from 0 to 1."""
        self._before, self._share = before, share

    def watch(self, exported: Export, expected: int, passes: int) -> Iterator[bytes]:
        """The export's bytes; `expected` rows pass by so many times. Raises Cancelled."""
        rows, done, last = self.rows, 0, 0
        try:
            for piece in exported:
                yield piece
                now = exported.tally.rows
                done, last = done + (now < last), now
                self.rows, self.size = rows + now, self.size + len(piece)
                self.tell((done + min(1, now / max(1, expected))) / passes)
        finally:
            exported.close()
        self.rows = rows + exported.tally.rows

    def tell(self, part: float, now: bool = False) -> None:
        """`part` of the current export is done. Raises Cancelled when nobody wants it any more."""
        if not now and time.monotonic() - self._told < _INTERVAL:
            return
        percent = int(100 * (self._before + self._share * min(1, part)))
        if not Job.advance(self._job_id, min(99, percent), self.rows, self.size):
            raise Cancelled("The job was cancelled.")
        self._told = time.monotonic()
