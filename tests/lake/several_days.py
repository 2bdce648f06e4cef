"""Observations of several days for lakes that are tables, and a way to see which files are read."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from ckanext.export.query import Query
from tests.builders import NOON, observation

DAY = date(2022, 6, 20)
ONE_DAY = Query(DAY, DAY)
DAYS = [observation(state=f"{n}", last_updated=NOON + timedelta(days=n)) for n in range(4)]


def delete_all_but(folder: Path, kept: str) -> None:
    """Every data file that has not that state in it."""
    for path in folder.rglob("*.parquet"):
        if kept not in pq.ParquetFile(path).read(["state"])["state"].to_pylist():
            path.unlink()
