"""The observations of one UTC day as an Arrow table, all homes at once.

Entities that behave alike form a `Group`; a group makes the rows of a day with a few calls of
pyarrow, whatever the number of homes. Only `Recorder` remembers anything from day to day: since
when each entity has had its state.
"""

from datetime import date, timedelta

import pyarrow as pa

from ..compute import pc
from .behaviour import GROUPS, Rows
from .entity import Entity
from .group import Group
from .house import FIRST_DAY, SLOT_MINUTES, SLOTS_A_DAY, House

_SLOT = SLOT_MINUTES * 60 * 1_000_000  # microseconds
_DAY = SLOTS_A_DAY * _SLOT
_EPOCH = (FIRST_DAY - date(1970, 1, 1)).days * _DAY

SCHEMA = pa.schema(
    [
        ("home", pa.dictionary(pa.int32(), pa.string())),
        ("entity_id", pa.dictionary(pa.int32(), pa.string())),
        ("type", pa.dictionary(pa.int32(), pa.string())),
        ("state", pa.string()),
        ("unit", pa.dictionary(pa.int32(), pa.string())),
        ("last_changed", pa.timestamp("us", tz="UTC")),
        ("last_updated", pa.timestamp("us", tz="UTC")),
        ("attributes", pa.string()),
    ]
)


class Recorder:
    """Writes down one day after the other; days must come in order, from day 0."""

    def __init__(self, house: House, entities: list[Entity]) -> None:
        self._house = house
        self._groups = _grouped(entities)
        self._names = {
            "home": _dictionary([entity.home for entity in entities]),
            "entity_id": _dictionary([entity.entity_id for entity in entities]),
            "type": _dictionary([entity.type for entity in entities]),
            "unit": _dictionary([entity.unit for entity in entities]),
        }
        self._state: list[str | None] = [None] * len(entities)
        self._since: list[int] = [-1] * len(entities)

    def day(self, number: int) -> pa.Table:
        """All observations of day `number`, by home, entity and time."""
        made = [GROUPS[name](group, self._house, number) for name, group in self._groups.items()]
        place = pa.concat_arrays(
            [rows.moments.group.places.take(rows.moments.entity) for rows in made]
        )
        updated = pa.concat_arrays([_times(rows) for rows in made])
        state = pa.concat_arrays([rows.state for rows in made])
        attributes = pa.concat_arrays([rows.attributes for rows in made])
        within = pc.subtract(updated, number * _DAY)
        # One number to sort by: a day has less than 2**37 microseconds.
        order = pc.array_sort_indices(pc.add(pc.shift_left(place, 37), within))
        place, updated, state = place.take(order), updated.take(order), state.take(order)
        changed = self._last_changed(place, updated, state) if len(place) else updated
        columns = {
            **{name: column.take(place) for name, column in self._names.items()},
            "state": state,
            "last_changed": _timestamps(changed),
            "last_updated": _timestamps(updated),
            "attributes": attributes.take(order),
        }
        return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)

    def _last_changed(self, place: pa.Array, updated: pa.Array, state: pa.Array) -> pa.Array:
        """Since when each observation's state has been the same, here or on earlier days."""
        edge = pc.not_equal(place[1:], place[:-1])
        first = pa.concat_arrays([pa.array([True]), edge])
        last = pa.concat_arrays([edge, pa.array([True])])
        earlier = pa.concat_arrays([pa.nulls(1, pa.string()), state[:-1]])
        before = pc.if_else(first, pa.array(self._state, pa.string()).take(place), earlier)
        since = pa.array(self._since, pa.int64()).take(place)
        new = pc.or_(
            pc.not_equal(pc.fill_null(state, ""), pc.fill_null(before, "")),
            pc.and_(first, pc.less(since, 0)),
        )
        start = pa.array(range(len(place)), pa.int64())
        start = pc.cumulative_max(pc.if_else(pc.or_(new, first), start, 0))
        changed = pc.if_else(new, updated, since).take(start)
        self._remember(place.filter(last), state.filter(last), changed.filter(last))
        return changed

    def _remember(self, place: pa.Array, state: pa.Array, since: pa.Array) -> None:
        for entity, text, time in zip(
            place.to_pylist(), state.to_pylist(), since.to_pylist(), strict=True
        ):
            self._state[entity] = text
            self._since[entity] = time


def day_name(number: int) -> str:
    """The folder's date of day `number`."""
    return (FIRST_DAY + timedelta(days=number)).isoformat()


def _grouped(entities: list[Entity]) -> dict[str, Group]:
    members: dict[str, list[int]] = {}
    for place, entity in enumerate(entities):
        members.setdefault(entity.group, []).append(place)
    return {
        name: Group([entities[place] for place in places], places)
        for name, places in sorted(members.items())
    }


def _dictionary(values: list[str] | list[str | None]) -> pa.DictionaryArray:
    return pa.array(values, pa.string()).dictionary_encode()


def _times(rows: Rows) -> pa.Array:
    """Microseconds since the first midnight: within the slot, so a day's rows stay in the day."""
    late = pc.multiply(rows.moments.chance("delay"), rows.delay * _SLOT)
    return pc.add(pc.multiply(rows.moments.slot, _SLOT), pc.floor(late).cast(pa.int64()))


def _timestamps(microseconds: pa.Array) -> pa.Array:
    return pc.add(microseconds, _EPOCH).cast(SCHEMA.field("last_updated").type)
