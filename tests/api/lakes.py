"""What an independent engine says about a file lake."""

from pathlib import Path
from typing import Any

import duckdb

# What the documentation says that is published by default, of what the demo lake holds.
PUBLISHED = ("binary_sensor", "climate", "cover", "fan", "light", "sensor", "switch", "weather")


def count(lake: Path, condition: str = "true") -> dict[str, Any]:
    """Rows, homes, days, types and units of what may leave, as an export's summary."""
    selected = (
        f"FROM read_parquet('{lake}/*/*.parquet', hive_partitioning=false)"  # noqa: S608
        f" WHERE split_part(entity_id, '.', 1) IN {PUBLISHED} AND {condition}"
    )
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")

        def table(what: str) -> dict[str, int]:
            return dict(
                connection.sql(f"SELECT {what} AS key, count(*) {selected} GROUP BY 1").fetchall()
            )

        days = table("last_updated::DATE::TEXT")
        homes = connection.sql(f"SELECT count(DISTINCT home) {selected}").fetchall()[0][0]
        return {
            "rows": sum(days.values()),
            "homes": homes,
            "first_day": min(days, default=None),
            "last_day": max(days, default=None),
            "types": table("type"),
            "units": table("coalesce(unit, '')"),
            "days": days,
        }
