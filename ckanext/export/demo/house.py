"""The measured house: the readings of `house.csv.gz`, on a grid of ten minutes in UTC."""

import csv
import gzip
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pyarrow as pa

FIRST_DAY = date(2016, 1, 11)
DAYS = 138
SLOT_MINUTES = 10
SLOTS_A_DAY = 144
# The last reading (15:40 UTC) and the first (16:30 UTC) follow on each other when the period
# is repeated after 137 days, so homes that repeat it have neither a gap nor an overlap.
CYCLE = 137 * SLOTS_A_DAY

_START = datetime(2016, 1, 11, tzinfo=UTC)
_CLOCK = ZoneInfo("Europe/Brussels")


@dataclass(frozen=True)
class House:
    """Readings in the order of time; a cell is found at `column_start[name] + reading`."""

    slots: list[int]
    column_start: dict[str, int]
    numbers: pa.Array
    texts: pa.Array
    mean: dict[str, float]

    def span(self, day: int) -> tuple[range, list[int]]:
        """The readings of a day, and the slots (since the first midnight) they were made in."""
        low = bisect_left(self.slots, day * SLOTS_A_DAY)
        high = bisect_left(self.slots, (day + 1) * SLOTS_A_DAY)
        return range(low, high), self.slots[low:high]

    def repeated_span(self, day: int, shift: int) -> tuple[list[int], list[int]]:
        """The same for a home that lives `shift` slots later and repeats the period for ever."""
        start = day * SLOTS_A_DAY - shift
        turn = (start - self.slots[0]) // CYCLE
        readings: list[int] = []
        slots: list[int] = []
        for cycle in (turn, turn + 1):
            moved = cycle * CYCLE
            low = bisect_left(self.slots, start - moved)
            high = bisect_left(self.slots, start - moved + SLOTS_A_DAY)
            readings.extend(range(low, high))
            slots.extend(slot + moved + shift for slot in self.slots[low:high])
        return readings, slots


def read_house() -> House:
    """Reads the shipped copy; the same house every time."""
    packed = files("ckanext.export.demo").joinpath("house.csv.gz").read_bytes()
    header, *rows = csv.reader(gzip.decompress(packed).decode().splitlines())
    timed = sorted(((_slot(row[0]), row[1:]) for row in rows), key=lambda pair: pair[0])
    columns = list(zip(*(cells for _, cells in timed), strict=True))
    texts = [text for column in columns for text in column]
    numbers = [[float(text) for text in column] for column in columns]
    return House(
        slots=[slot for slot, _ in timed],
        column_start={name: place * len(timed) for place, name in enumerate(header[1:])},
        numbers=pa.array([number for column in numbers for number in column], pa.float64()),
        texts=pa.array(texts, pa.string()),
        mean={
            name: sum(column) / len(column)
            for name, column in zip(header[1:], numbers, strict=True)
        },
    )


def _slot(wall_clock: str) -> int:
    """Three readings lie in the hour that summer time skips; they keep the offset of winter."""
    moment = datetime.fromisoformat(wall_clock).replace(tzinfo=_CLOCK)
    return int((moment.astimezone(UTC) - _START).total_seconds()) // (SLOT_MINUTES * 60)
