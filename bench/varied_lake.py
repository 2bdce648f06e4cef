"""A lake without repetition, for the benchmark's floor: every attributes text is different."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ckanext.export.compute import pc
from ckanext.export.demo.dice import draw, seed_of
from ckanext.export.demo.lake import new_directory, write_day
from ckanext.export.demo.observations import SCHEMA, day_name

ROWS_A_DAY = 100_000
ENTITIES_A_HOME = 100
_DAY = 86_400_000_000
_EPOCH = 1_452_470_400_000_000  # 2016-01-11T00:00Z in microseconds

# (type, what it measures, unit)
_KINDS: tuple[tuple[str, str, str | None], ...] = (
    ("sensor", "temperature", "°C"),
    ("sensor", "humidity", "%"),
    ("sensor", "power", "W"),
    ("sensor", "illuminance", "lx"),
    ("climate", "thermostat", None),
)


def make_varied_lake(directory: Path, rows: int, entities: int = 10_000) -> int:
    """Writes `rows` observations of `entities` entities (100 a home) and returns `rows`.

    Rows are in the order of time, so that a batch meets all entities, and a batch's attributes
    hold hardly a text twice, also after the privacy rules: two measurements of six digits are
    among what stays. Same arguments, same bytes.
    """
    names = _names(entities)
    with new_directory(directory) as unfinished:
        for day, start in enumerate(range(0, rows, ROWS_A_DAY)):
            table = _day(names, day, start, min(rows - start, ROWS_A_DAY))
            write_day(table, unfinished / f"date={day_name(day)}")
    return rows


def _names(entities: int) -> dict[str, pa.Array]:
    kinds = [_KINDS[place % len(_KINDS)] for place in range(entities)]
    columns: dict[str, list[str | None]] = {
        "home": [f"varied-home-{place // ENTITIES_A_HOME:03d}" for place in range(entities)],
        "entity_id": [f"{kind[0]}.{kind[1]}_{place:05d}" for place, kind in enumerate(kinds)],
        "type": [kind[0] for kind in kinds],
        "unit": [kind[2] for kind in kinds],
    }
    found: dict[str, pa.Array] = {
        name: pa.array(values, pa.string()).dictionary_encode() for name, values in columns.items()
    }
    found["opening"] = pa.array(list(_openings(kinds)))
    return found


def _openings(kinds: list[tuple[str, str, str | None]]) -> Iterator[str]:
    for place, (_, measures, unit) in enumerate(kinds):
        told = f'"unit_of_measurement":"{unit}",' if unit else '"hvac_action":"idle",'
        yield (
            f'{{{told}"state_class":"measurement","device_class":"{measures}",'
            f'"friendly_name":"{measures.capitalize()} №{place}","temperature":'
        )


def _day(names: dict[str, pa.Array], day: int, start: int, rows: int) -> pa.Table:
    number = pa.array(range(start, start + rows), pa.int64())
    seeds = pa.repeat(pa.scalar(seed_of("varied lake"), pa.uint64()), rows)
    entities = len(names["home"])
    # Entities take turns, in an order that is not the one of their names.
    turn = pc.multiply(number, 7919)
    entity = pc.subtract(turn, pc.multiply(pc.divide(turn, entities), entities))
    state = _measured(draw(seeds, number, "value"))
    attributes = pc.binary_join_element_wise(
        names["opening"].take(entity),
        _measured(draw(seeds, number, "temperature")),
        ',"humidity":',
        _measured(draw(seeds, number, "humidity")),
        ',"reading":',
        number.cast(pa.string()),
        "}",
        "",
    )
    within = pc.multiply(pc.subtract(number, start), _DAY // ROWS_A_DAY)
    updated = pc.add(within, _EPOCH + day * _DAY)
    time = pc.cast(updated, SCHEMA.field("last_updated").type)
    columns = {
        **{name: names[name].take(entity) for name in ("home", "entity_id", "type", "unit")},
        "state": state,
        "last_changed": time,
        "last_updated": time,
        "attributes": attributes,
    }
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _measured(share: pa.DoubleArray) -> pa.StringArray:
    """Numbers with up to three digits before and behind the point, of what is drawn from 0 to 1."""
    return pc.divide(pc.floor(pc.multiply(share, 1e6)), 1e3).cast(pa.string())
