"""Times as text, `2022-06-20T11:46:04.198578Z`, many at once.

Table look-ups written into fixed-width records: a sixth of the time of a cast to text followed
by replacing the blank (`./portal bench --only parts`).
"""

from functools import cache

import numpy as np
import pyarrow as pa

from ..observations import DAY, instant


def timestamps(column: pa.TimestampArray, before: str, after: str) -> pa.StringArray:
    """Each time of a `timestamp[us]` column between two constants; a null gives any time.

    Raises LakeUnavailable for a year that four digits cannot write.
    """
    constants = {"before": before.encode(), "after": after.encode()}
    record = np.dtype(
        [
            *_field("before", constants),
            ("day", "S11"),
            ("time", np.uint64),
            ("milli", np.uint32),
            ("micro", np.uint32),
            *_field("after", constants),
        ]
    )
    instants = column.cast(pa.int64()).fill_null(0).to_numpy()
    seconds = instants // 1_000_000
    micros = (instants - seconds * 1_000_000).astype(np.int32)
    days = seconds // 86_400
    millis = micros // np.int32(1000)
    times, thousandths, millionths = _tables()
    records = np.empty(len(instants), record)
    records["day"] = _days(days)
    records["time"] = times[seconds - days * 86_400]
    records["milli"] = thousandths[millis]
    records["micro"] = millionths[micros - millis * np.int32(1000)]
    for name, text in constants.items():
        if text:
            records[name] = text
    return _fixed_width(records)


def _field(name: str, constants: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(name, f"S{len(constants[name])}")] if constants[name] else []


def _days(days: np.ndarray) -> np.ndarray | bytes:
    """`2022-06-20T` for each number of days since 1970."""
    if not len(days):
        return b""
    first, last = int(days.min()), int(days.max())
    if first == last:
        return _day(first)
    if last - first < len(days):
        return np.array([_day(day) for day in range(first, last + 1)], "S11")[days - first]
    distinct, places = np.unique(days, return_inverse=True)
    return np.array([_day(day) for day in distinct.tolist()], "S11")[places]


def _day(number: int) -> bytes:
    return f"{instant(number * DAY).date().isoformat()}T".encode()


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`11:46:04` of every second of a day, `.198` and `578Z` of every thousandth, as integers:
    those are copied faster than text."""
    seconds = np.arange(86_400)
    digits = np.full((86_400, 8), ord(":"), np.uint8)
    for place, number in ((0, seconds // 3600), (3, seconds // 60 % 60), (6, seconds % 60)):
        digits[:, place] = ord("0") + number // 10
        digits[:, place + 1] = ord("0") + number % 10
    thousandths = np.array([f".{number:03}" for number in range(1000)], "S4")
    millionths = np.array([f"{number:03}Z" for number in range(1000)], "S4")
    return (
        digits.view(np.uint64).reshape(-1),
        thousandths.view(np.uint32),
        millionths.view(np.uint32),
    )


def _fixed_width(records: np.ndarray) -> pa.StringArray:
    width = records.dtype.itemsize
    ends = np.arange(0, (len(records) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(records), pa.py_buffer(ends), pa.py_buffer(records))
