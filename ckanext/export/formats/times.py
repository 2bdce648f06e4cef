"""Times as text, `2022-06-20T11:46:04.198578Z`, many at once.

One text, repeated, in which the digits that differ are then written from tables: a fifth of the
time of a cast to text followed by replacing the blank (`./portal bench --only parts`).
"""

from functools import cache

import numpy as np
import pyarrow as pa

from ..observations import DAY, instant

_FEW = 8  # every eighth place is dearer to write than all


def timestamps(column: pa.TimestampArray, before: str, after: str) -> pa.StringArray:
    """Each time of a `timestamp[us]` column between two constants; a null gives any time.

    Raises LakeUnavailable for a year that four digits cannot write.
    """
    instants = column.cast(pa.int64()).fill_null(0).to_numpy()
    if not len(instants):
        return pa.array([], pa.string())
    days = instants // DAY
    most = int(days[len(days) // 2])
    records = _records(before.encode(), _day(most) + b"00:00:00.000000Z", after.encode(), len(days))
    others = np.flatnonzero(days != most)
    if len(others) > len(days) // _FEW:
        records["day"] = _days(days)
    elif len(others):
        records["day"][others] = _days(days[others])
    micros = instants - days * DAY
    millis = (micros // 1000).astype(np.int32)
    seconds = millis // np.int32(1000)
    times, thousandths, millionths = _tables()
    records["time"] = times.take(seconds)
    records["milli"] = thousandths.take(millis - seconds * np.int32(1000))
    records["micro"] = millionths.take(micros - millis * np.int64(1000))
    return _fixed_width(records)


def _records(before: bytes, time: bytes, after: bytes, number: int) -> np.ndarray:
    """The same text again and again, with the places where another time may be written."""
    record = np.dtype(
        [
            ("before", f"V{len(before)}"),
            ("day", "S11"),
            ("time", np.uint64),
            ("milli", np.uint32),
            ("micro", np.uint32),
            ("after", f"V{len(after)}"),
        ]
    )
    return np.frombuffer(bytearray(before + time + after) * number, record)


def _days(days: np.ndarray) -> np.ndarray:
    """`2022-06-20T` for each number of days since 1970."""
    first, last = int(days.min()), int(days.max())
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
