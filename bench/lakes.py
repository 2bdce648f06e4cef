"""The lakes of the benchmark, made once and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import duckdb
import yaml

from ckanext.export.demo import make_demo_lake

from .repetitive_lake import MOST_DAYS, make_repetitive_lake
from .repetitive_lake import ROWS_A_DAY as REPETITIVE_ROWS_A_DAY
from .varied_lake import make_varied_lake

HOMES = 304
ROWS_A_DAY = 72_600  # about, that 304 homes of the demo lake export


@dataclass(frozen=True)
class Part:
    """The first days of a lake; `last_day` None means all of it. `rows` are those exported."""

    folder: Path
    last_day: str | None
    rows: int

    @property
    def query(self) -> str:
        return f"?date_to={self.last_day}" if self.last_day else ""

    @property
    def files(self) -> list[str]:
        found = sorted(self.folder.glob("date=*/*.parquet"))
        last = self.last_day or "9999"
        return [str(file) for file in found if file.parent.name.removeprefix("date=") <= last]


@dataclass(frozen=True)
class BenchLake:
    folder: Path

    @cached_property
    def rows_by_day(self) -> list[tuple[str, int]]:
        """What may leave, by UTC day: counted by DuckDB, not by the code that is measured."""
        statement = (
            "SELECT date::VARCHAR, count(*) FROM read_parquet($files, hive_partitioning = true) "
            "WHERE list_contains($types, type) GROUP BY ALL ORDER BY ALL"
        )
        files = f"{self.folder}/*/*.parquet"
        with duckdb.connect() as connection:
            values = {"files": files, "types": published_types()}
            return connection.execute(statement, values).fetchall()

    @property
    def whole(self) -> Part:
        return Part(self.folder, None, sum(rows for _, rows in self.rows_by_day))

    def first(self, rows: int) -> Part:
        """As many days as have no more than `rows`, but at least one."""
        if rows >= self.whole.rows:
            return self.whole
        (last, total), *days = self.rows_by_day
        for day, more in days:
            if total + more > rows:
                break
            last, total = day, total + more
        return Part(self.folder, last, total)


def demo_lake(home: Path, rows: int, say: Callable[[str], None]) -> BenchLake:
    """The demo lake with so many days that about `rows` observations are exported."""
    days = max(1, round(rows / ROWS_A_DAY))
    folder = home / f"demo-lake-{HOMES}-homes-{days}-days"
    if not folder.exists():
        say(f"Making a demo lake of {HOMES} homes and {days} days")
        make_demo_lake(folder, HOMES, days)
    return BenchLake(folder)


def varied_lake(home: Path, rows: int, say: Callable[[str], None]) -> BenchLake:
    folder = home / f"varied-lake-{rows}-rows"
    if not folder.exists():
        say(f"Making a lake of {rows:,} rows without repetition")
        make_varied_lake(folder, rows)
    return BenchLake(folder)


def repetitive_lake(home: Path, rows: int, say: Callable[[str], None]) -> BenchLake:
    """No more than the measured house has: 9.7 million observations."""
    days = min(MOST_DAYS, max(1, round(rows / REPETITIVE_ROWS_A_DAY)))
    folder = home / f"repetitive-lake-{days}-days"
    if not folder.exists():
        say(f"Making a lake of {days} days that repeats itself")
        make_repetitive_lake(folder, days)
    return BenchLake(folder)


def published_types() -> list[str]:
    """The producer types that the portal lets out by default."""
    return _declared("ckanext.export.privacy.types")


def published_attributes() -> list[str]:
    return _declared("ckanext.export.privacy.attributes")


def _declared(key: str) -> list[str]:
    text = files("ckanext.export").joinpath("config_declaration.yaml").read_text("utf-8")
    options = [option for group in yaml.safe_load(text)["groups"] for option in group["options"]]
    return next(option["default"] for option in options if option["key"] == key)
