"""Memory and size do not follow the number of observations."""

import json
import subprocess
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest

from ckanext.export.export import Export
from ckanext.export.lake import Storage
from ckanext.export.lake.base import Inspection, Lake, Scan
from ckanext.export.observations import COLUMNS
from ckanext.export.query import Query
from tests.builders import HOMES, canonical, observation, order, write_file, write_large_day
from tests.memory import measure


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    """A lake of two days and one of eight, of 60,000 observations each."""
    folder = tmp_path_factory.mktemp("lakes")
    for number in range(1, 9):
        day = write_large_day(folder / "large", f"2022-06-0{number}", 60_000)
        if number <= 2:
            copy = folder / "small" / day.parent.name / day.name
            copy.parent.mkdir(parents=True)
            copy.hardlink_to(day)
    return folder


def test_four_times_the_rows_take_the_same_memory(lakes):
    rows, peak = measure(lakes / "small", "csv", "json", "xml")
    more_rows, more_peak = measure(lakes / "large", "csv", "json", "xml")

    assert (rows, more_rows) == (120_000, 480_000)
    assert more_peak - peak < 100


@pytest.mark.slow
def test_four_times_the_wide_texts_take_the_same_memory(tmp_path):
    """Every attributes text is different and has 20 kB. The smaller lake fills all queues too."""
    dice = np.random.default_rng(5)
    letters = np.frombuffer(b"ghijklmnopqrstuvw", np.uint8)
    for day in range(24):
        texts = [bytes(dice.choice(letters, 20_000)).decode() for _ in range(1000)]
        rows = [
            observation(home=HOMES[n % 4], attributes=json.dumps({"device_class": text}))
            for n, text in enumerate(texts)
        ]
        path = write_file(tmp_path / "large" / f"{day}.parquet", rows)
        if day < 6:
            (tmp_path / "small").mkdir(exist_ok=True)
            (tmp_path / "small" / path.name).hardlink_to(path)

    rows, peak = measure(tmp_path / "small", "csv")
    more_rows, more_peak = measure(tmp_path / "large", "csv")

    assert (rows, more_rows) == (6000, 24_000)
    assert more_peak - peak < 100


class Repeating(Lake, Scan):
    """A lake that holds one batch many times over."""

    def __init__(self, batch: pa.RecordBatch, times: int) -> None:
        super().__init__("repeating:", {}, "", Storage())
        self._batch = batch
        self._times = times

    def scan(self, query: Query) -> Scan:
        return self

    def inspect(self) -> Inspection:
        return Inspection({}, [])

    def batches(self, columns: Sequence[str] = COLUMNS) -> Iterator[pa.RecordBatch]:
        for _ in range(self._times):
            yield self._batch.select(list(columns))

    def cancel(self) -> None:
        self._times = 0

    def close(self) -> None:
        self.cancel()


TIMES = 192  # that the same 32 MB come


@pytest.mark.slow
def test_an_archive_above_4_gib_is_read_by_everybody(tmp_path):
    # Without digits and the signs of addresses and links, which privacy would withhold.
    plain = b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
    signs = bytes(sign for sign in range(33, 127) if sign in plain + b"!#$%&'()*<>?[]^_`{|}~")
    letters = np.frombuffer(signs, np.uint8)
    dice = np.random.default_rng(4)
    rows = [
        observation(home=HOMES[n % 4], state=bytes(dice.choice(letters, 16_000)).decode())
        for n in range(2000)
    ]
    path = tmp_path / "large.zip"
    export = Export(Repeating(canonical(rows), TIMES), order())
    with path.open("wb") as file:
        file.writelines(export)
    export.close()

    assert path.stat().st_size > 4 << 30
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("smart-homes_2026-03-04.csv").file_size > 5 << 30
        assert json.loads(archive.read("manifest.json"))["rows"] == TIMES * 2000
    answer = subprocess.run(["unzip", "-tq", path], capture_output=True, text=True)  # noqa: S603, S607
    assert answer.returncode == 0, answer.stdout
