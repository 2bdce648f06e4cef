"""What the tests of the library are made of: observations, lakes, policies, orders, archives."""

import csv
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ckanext.export.export import Export, Order
from ckanext.export.formats import find_format, find_formats
from ckanext.export.formats.base import About, Options
from ckanext.export.lake import open_lake
from ckanext.export.observations import COLUMNS, SCHEMA
from ckanext.export.package.contents import Description
from ckanext.export.privacy import Policy
from ckanext.export.query import Query

Row = dict[str, Any]

DEFAULTS = Options()
NOTHING = About()
NOON = datetime(2022, 6, 20, 12, tzinfo=UTC)
HOMES = ("villa-anna", "loft-björn", "hütte-çağla", "casa-dora")
IN_ORDER = [  # the columns as people were promised them
    "home",
    "entity_id",
    "type",
    "state",
    "unit",
    "last_changed",
    "last_updated",
    "attributes",
]
LAKE_SCHEMA = pa.schema(
    [
        (name, pa.timestamp("us", "UTC") if name.startswith("last_") else pa.string())
        for name in COLUMNS
    ]
)


def observation(**changes: Any) -> Row:
    """One observation as a lake stores it."""
    return {
        "home": HOMES[0],
        "entity_id": "sensor.kitchen_temperature",
        "type": "sensor",
        "state": "21.5",
        "unit": "°C",
        "last_changed": NOON,
        "last_updated": NOON,
        "attributes": '{"device_class":"temperature","friendly_name":"Kitchen"}',
    } | changes


def in_every_home(*rows: Row) -> list[Row]:
    """Each row once in each of several homes, so that `min_homes` is no obstacle."""
    return [row | {"home": home} for row in rows for home in HOMES]


def some_rows(hours: int = 60) -> list[Row]:
    """Observations of four homes, three types and three units, hour by hour from noon on."""
    kinds = (
        {"entity_id": "sensor.kitchen_temperature", "type": "sensor", "unit": "°C"},
        {"entity_id": "sensor.hall_humidity", "type": "sensor", "unit": "%"},
        {"entity_id": "light.hall", "type": "light", "unit": None, "state": "on"},
        {"entity_id": "climate.bath", "type": "climate", "unit": None, "state": "heat"},
        {"entity_id": "sensor.fridge_power", "type": "sensor", "unit": "W", "state": "-5.2"},
    )
    return [
        observation(
            home=HOMES[hour % 4],
            **({"state": f"{hour / 10}"} | kinds[hour % 5]),
            last_updated=NOON + timedelta(hours=hour),
            last_changed=NOON + timedelta(hours=hour - hour % 3),
        )
        for hour in range(hours)
    ]


def write_file(
    path: Path, rows: Sequence[Row], schema: pa.Schema = LAKE_SCHEMA, **options: Any
) -> Path:
    """One Parquet file; `options` are those of pyarrow's writer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path, **options)
    return path


def write_lake(
    folder: Path, rows: Iterable[Row], schema: pa.Schema = LAKE_SCHEMA, **options: Any
) -> Path:
    """A file lake: a folder for each UTC day of `last_updated`, in it one file."""
    for day, part in by_day(rows).items():
        write_file(folder / day / "part-0.parquet", part, schema, **options)
    return folder


def by_day(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The name of a folder → the rows of that UTC day of `last_updated`."""
    days: dict[str, list[Row]] = {}
    for row in rows:
        time = row["last_updated"]
        day = f"{time.astimezone(UTC).date()}" if time else "__HIVE_DEFAULT_PARTITION__"
        days.setdefault(f"date={day}", []).append(row)
    return days


def write_large_day(folder: Path, day: str, number: int, state: str = "random") -> Path:
    """A day of many observations of four homes; `state`: "random" texts or "few" ones."""
    dice = np.random.default_rng(int(day.replace("-", "")))
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    times = pa.array(
        int(start.timestamp() * 1e6) + np.sort(dice.integers(0, 86_400_000_000, number)),
        pa.timestamp("us", "UTC"),
    )
    values = dice.integers(0, 2**60 if state == "random" else 300, number)
    homes = np.array(HOMES)[np.arange(number) % 4]
    same = observation()
    columns = {name: pa.repeat(pa.scalar(same[name]), number) for name in COLUMNS}
    columns |= {
        "home": pa.array(homes),
        "state": pa.array(values).cast(pa.string()),
        "last_changed": times,
        "last_updated": times,
    }
    path = folder / f"date={day}" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    table = pa.table({name: columns[name] for name in COLUMNS}, LAKE_SCHEMA)
    pq.write_table(table, path, compression="zstd", row_group_size=50_000)
    return path


def garble(path: Path) -> None:
    """Real damage: the second half of the file's data pages becomes noise, in place."""
    first, last = path.stat().st_size // 2, path.stat().st_size - 20_000
    noise = np.random.default_rng(7).bytes(last - first)
    with path.open("r+b") as opened:
        opened.seek(first)
        opened.write(noise)


def policy(**changes: Any) -> Policy:
    given: dict[str, Any] = {
        "key": b"a key of the tests, long enough",
        "types": ("sensor", "light", "climate", "binary_sensor", "weather"),
        "attributes": ("device_class", "brightness", "hvac_modes", "temperature"),
        "min_homes": 3,
        "entity_mode": "keep",
        "text_mode": "checked",
    }
    return Policy(**given | changes)


def description(**changes: Any) -> Description:
    given: dict[str, Any] = {
        "name": "smart-homes",
        "title": "Smart homes of Hull",
        "resource_url": lambda kind: f"https://portal.example/api/export/{kind.name}?x=1",
        "notes": "Observations of real homes.",
        "license_id": "cc-by",
        "license_title": "Creative Commons Attribution",
        "license_url": "https://creativecommons.org/licenses/by/4.0/",
        "owner_org": "smart-homes",
        "author": "The portal's people",
        "author_email": "people@portal.example",
        "url": "https://portal.example/about",
        "tags": ("smart-home", "energy"),
    }
    return Description(**given | changes)


def order(*formats: str, **changes: Any) -> Order:
    """An order of some formats, CSV where none is named."""
    given: dict[str, Any] = {
        "query": Query(),
        "formats": find_formats(formats or ["csv"]),
        "policy": policy(),
        "description": description(),
        "generated": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    }
    return Order(**given | changes)


def export(lake: Path, *formats: str, **changes: Any) -> bytes:
    """The zip that an order gives."""
    running = Export(open_lake(str(lake)), order(*formats, **changes))
    try:
        return b"".join(running)
    finally:
        running.close()


def members(archive: bytes) -> dict[str, bytes]:
    """Name → content, unpacked and checked (CRC) by the standard library, in the zip's order."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def data(archive: bytes, extension: str = "csv") -> bytes:
    """The content of the data file with that extension."""
    found = [
        content
        for name, content in members(archive).items()
        if name.startswith("smart-homes_") and name.endswith(f"2026-03-04.{extension}")
    ]
    assert len(found) == 1
    return found[0]


def export_rows(lake: Path, **changes: Any) -> list[Row]:
    """The rows of a CSV export, read by the standard library; empty cells are None."""
    return read_csv(data(export(lake, "csv", **changes)))


def canonical(rows: Sequence[Row]) -> pa.RecordBatch:
    """The batch that a lake has to yield for these observations."""
    table = pa.Table.from_pylist(list(rows), LAKE_SCHEMA)
    arrays = [table[field.name].combine_chunks().cast(field.type) for field in SCHEMA]
    return pa.record_batch(arrays, schema=SCHEMA)


def encode(
    name: str, *batches: Sequence[Row], options: Options = DEFAULTS, about: About = NOTHING
) -> bytes:
    """The file that a format makes of batches of rows, which nothing has protected."""
    writer = find_format(name)(options, about)
    return b"".join(bytes(piece) for piece in writer.encode(map(canonical, batches)))


def read_csv(content: bytes) -> list[Row]:
    texts = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    return [{name: text or None for name, text in row.items()} for row in texts]


def read_json(content: bytes) -> list[Row]:
    return json.loads(content)


def as_written(time: datetime | None) -> str | None:
    """A time as every format has to write it."""
    if time is None:
        return None
    time = time.astimezone(UTC)
    return f"{time.year:04}-{time:%m-%dT%H:%M:%S}.{time.microsecond:06}Z"


def eventually(condition: Callable[[], bool], patience: float = 30) -> bool:
    """Whether it comes true within so many seconds."""
    until = time.monotonic() + patience
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def working_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "export-ahead"]


def open_files_below(folder: Path) -> list[str]:
    """What this process holds open in a folder (Linux)."""
    held = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the listing's own
        if target.startswith(str(folder)):
            held.append(target)
    return held
