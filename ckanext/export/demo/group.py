"""Entities that behave alike, as columns; and the rows they are about to make."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ..compute import pc
from .dice import draw
from .entity import Entity
from .house import SLOTS_A_DAY, House

_TYPES = {"seed": pa.uint64(), "block": pa.int64()}


class Group:
    """Some entities of a lake; `places` are their positions among all of its entities."""

    def __init__(self, entities: Sequence[Entity], places: Sequence[int]) -> None:
        self.entities = entities
        self.places = pa.array(places, pa.int64())
        self._columns: dict[str, pa.Array] = {}

    def column(self, name: str) -> pa.Array:
        """An attribute of each entity."""
        if name not in self._columns:
            values = [getattr(entity, name) for entity in self.entities]
            self._columns[name] = pa.array(values, _TYPES.get(name))
        return self._columns[name]

    def word(self, place: int) -> pa.Array:
        key = f"word {place}"
        if key not in self._columns:
            self._columns[key] = pa.array([entity.words[place] for entity in self.entities])
        return self._columns[key]


@dataclass(frozen=True)
class Moments:
    """Which entity of a group is observed in which slot, and by which reading of the source."""

    group: Group
    house: House
    entity: pa.Array
    slot: pa.Array
    reading: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.slot)

    def of(self, name: str) -> pa.Array:
        """An attribute of the entity, per moment."""
        return self.group.column(name).take(self.entity)

    def word(self, place: int) -> pa.Array:
        return self.group.word(place).take(self.entity)

    def chance(self, purpose: str, block: int = 1) -> pa.Array:
        """A number in [0, 1) that an entity keeps for `block` slots."""
        # A day ahead, because the slot before the first one is asked for as well.
        slot = pc.add(self.slot, SLOTS_A_DAY)
        return draw(self.of("seed"), slot if block == 1 else pc.divide(slot, block), purpose)

    def where(self, mask: pa.Array) -> "Moments":
        reading = None if self.reading is None else self.reading.filter(mask)
        entity, slot = self.entity.filter(mask), self.slot.filter(mask)
        return Moments(self.group, self.house, entity, slot, reading)

    def source(self, column: str | None = None) -> pa.Array:
        """The source's numbers at the readings, from each entity's own column or from one."""
        return self.house.numbers.take(self.cells(column))

    def cells(self, column: str | None = None) -> pa.Array:
        starts = self.house.column_start
        if column is not None:
            return pc.add(self.reading, starts[column])
        start = pa.array([starts[entity.column] for entity in self.group.entities], pa.int64())
        return pc.add(self.reading, start.take(self.entity))

    def value(self) -> pa.Array:
        """The derived readings: level, scale, noise, limits and step of each entity."""
        mean = pa.array([self.house.mean[entity.column] for entity in self.group.entities])
        moved = pc.multiply(pc.subtract(self.source(), mean.take(self.entity)), self.of("scale"))
        # Two draws make a triangle: small errors are more frequent than large ones.
        noise = pc.subtract(pc.add(self.chance("noise"), self.chance("more noise")), 1.0)
        exact = pc.add(pc.add(self.of("level"), moved), pc.multiply(noise, self.of("noise")))
        exact = pc.max_element_wise(exact, self.of("low"))
        return rounded(pc.min_element_wise(exact, self.of("high")), self.of("step"))


def rounded(exact: pa.Array, step: pa.Array | float) -> pa.Array:
    """The nearest multiples of `step`, which is one, a half, or a power of ten below one."""
    # Dividing by 10 gives the double nearest to 0.3, multiplying by 0.1 does not; and adding
    # nothing turns minus zero into zero.
    in_one = pc.round(pc.divide(1.0, step))
    return pc.add(pc.divide(pc.round(pc.multiply(exact, in_one)), in_one), 0.0)


def at_readings(group: Group, house: House, day: int, *, repeat: bool) -> Moments:
    """The moments of a day at which the source has a reading for the entity."""
    spans: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
    entity: list[int] = []
    readings: list[int] = []
    slots: list[int] = []
    for place, shift in enumerate(group.column("shift").to_pylist()):
        if shift not in spans:
            spans[shift] = house.repeated_span(day, shift) if repeat else house.span(day)
        readings.extend(spans[shift][0])
        slots.extend(spans[shift][1])
        entity.extend([place] * len(spans[shift][0]))
    moments = Moments(group, house, *(pa.array(x, pa.int64()) for x in (entity, slots, readings)))
    if not repeat:
        return moments
    return moments.where(pc.less(moments.chance("reported"), moments.of("share")))


def in_all_slots(group: Group, house: House, day: int) -> Moments:
    """Every slot of a day, and the slot before it, for every entity of the group."""
    width = SLOTS_A_DAY + 1
    first = day * SLOTS_A_DAY - 1
    slots = list(range(first, first + width)) * len(group.entities)
    entity = [place for place in range(len(group.entities)) for _ in range(width)]
    return Moments(group, house, pa.array(entity, pa.int64()), pa.array(slots, pa.int64()))
