"""How the observations of each group come about: the rows of one day, without their order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ..compute import pc
from .group import Group, Moments, at_readings, in_all_slots, rounded
from .house import SLOTS_A_DAY, House
from .household import HABITS
from .words import MESSAGES


@dataclass(frozen=True)
class Rows:
    """Observations before they have a time within their slot."""

    moments: Moments
    state: pa.Array
    attributes: pa.Array
    # The share of the slot by which an observation may be late.
    delay: float = 1.0


def measured(group: Group, house: House, day: int) -> Rows:
    """The source as it is: its text, at its time and a part of a second."""
    moments = at_readings(group, house, day, repeat=False)
    state = house.texts.take(moments.cells())
    return Rows(moments, state, moments.of("text"), delay=1 / 600)


def reading(group: Group, house: House, day: int) -> Rows:
    """Sensors of derived homes."""
    moments = at_readings(group, house, day, repeat=True)
    state = _with_gaps(moments, _text(moments.value()))
    return Rows(moments, state, moments.of("text"))


def climate(group: Group, house: House, day: int) -> Rows:
    """A thermostat: the state is the mode, the numbers are attributes."""
    moments = at_readings(group, house, day, repeat=True)
    hour = _hour(moments)
    awake = pc.and_(pc.greater_equal(hour, 5), pc.less(hour, 21))
    target = rounded(pc.add(moments.of("level"), _choose(awake, 0.0, -3.5)), 0.5)
    current = moments.value()
    away = pc.less(moments.chance("mode", SLOTS_A_DAY), 0.1)
    mode = _choose(away, "off", "heat")
    cold = pc.and_(pc.invert(away), pc.less(current, target))
    action = pc.if_else(away, "off", _choose(cold, "heating", "idle"))
    attributes = _join(
        moments.of("opening"),
        '"current_temperature":',
        _text(current),
        ',"temperature":',
        _text(target),
        ',"hvac_action":"',
        action,
        '"}',
    )
    return Rows(moments, _with_gaps(moments, mode), attributes)


def weather(group: Group, house: House, day: int) -> Rows:
    """The weather of the airport in words, and in numbers as attributes."""
    moments = at_readings(group, house, day, repeat=True)
    humidity = moments.source("RH_out")
    state = _text_scalar("fog", len(moments))
    clear = pc.greater_equal(moments.source("Visibility"), 5)
    for limit, word in ((101, "rainy"), (95, "cloudy"), (84, "partlycloudy"), (66, "sunny")):
        state = pc.if_else(pc.and_(clear, pc.less(humidity, limit)), word, state)
    pressure = pc.multiply(moments.source("Press_mm_hg"), 1.333224)
    attributes = _join(
        moments.of("opening"),
        '"temperature":',
        _text(rounded(moments.source("T_out"), 0.1)),
        ',"humidity":',
        _text(rounded(humidity, 1.0)),
        ',"pressure":',
        _text(rounded(pressure, 0.1)),
        ',"wind_speed":',
        _text(rounded(moments.source("Windspeed"), 0.1)),
        ',"visibility":',
        _text(rounded(moments.source("Visibility"), 0.1)),
        "}",
    )
    return Rows(moments, state, attributes)


def plain(group: Group, house: House, day: int) -> Rows:
    """Motion, doors and sockets: nothing changes but the state."""
    moments, on = _switches(group, house, day)
    return Rows(moments, _with_gaps(moments, _state(moments, on)), moments.of("text"))


def light(group: Group, house: House, day: int) -> Rows:
    """A lamp has a brightness while it is on."""
    moments, on = _switches(group, house, day)
    brightness = pc.floor(pc.add(pc.multiply(moments.chance("brightness"), 255.0), 1.0))
    shining = _join('"brightness":', _text(brightness), ',"color_mode":"brightness"}')
    dark = '"brightness":null,"color_mode":null}'
    attributes = _join(moments.of("opening"), pc.if_else(on, shining, dark))
    return Rows(moments, _with_gaps(moments, _state(moments, on)), attributes)


def place(group: Group, house: House, day: int) -> Rows:
    """Persons and their phones: near home, or up to some twenty kilometres away."""
    moments, at_home = _switches(group, house, day)
    reach = _choose(at_home, 0.0002, 0.4)
    where = []
    for name in ("latitude", "longitude"):
        off = pc.multiply(pc.subtract(moments.chance(name), 0.5), reach)
        where.append(_text(rounded(pc.add(moments.of(name), off), 1e-6)))
    accuracy = pc.floor(pc.add(pc.multiply(moments.chance("accuracy"), 60.0), 4.0))
    attributes = _join(
        moments.of("opening"),
        '"latitude":',
        where[0],
        ',"longitude":',
        where[1],
        ',"gps_accuracy":',
        _text(accuracy),
        "}",
    )
    return Rows(moments, _with_gaps(moments, _state(moments, at_home)), attributes)


def message(group: Group, house: House, day: int) -> Rows:
    """A text, about three times a day."""
    moments = in_all_slots(group, house, day)
    inside = pc.greater_equal(moments.slot, day * SLOTS_A_DAY)
    due = pc.less(moments.chance("message due"), 3 / SLOTS_A_DAY)
    moments = moments.where(pc.and_(inside, due))
    number = pc.multiply(moments.chance("which message"), float(len(MESSAGES)))
    state = pa.array(MESSAGES).take(pc.floor(number).cast(pa.int64()))
    return Rows(moments, state, moments.of("text"))


GROUPS: dict[str, Callable[[Group, House, int], Rows]] = {
    function.__name__: function
    for function in (measured, reading, climate, weather, plain, light, place, message)
}


def _switches(group: Group, house: House, day: int) -> tuple[Moments, pa.Array]:
    """The moments of a day at which an entity changes, and whether it is `words[1]` then.

    What it is in a slot depends on that slot alone, so a change at midnight is found as well.
    """
    moments = in_all_slots(group, house, day)
    hours = pa.array([chance for entity in group.entities for chance in HABITS[entity.habit]])
    key = pc.add(pc.multiply(moments.entity, 24), _hour(moments))
    slots = pc.divide(pc.add(moments.slot, SLOTS_A_DAY), moments.of("block"))
    kept = Moments(group, house, moments.entity, slots)
    on = pc.less(kept.chance("switch"), hours.take(key))
    before = pa.concat_arrays([pa.array([False]), on[:-1]])
    changed = pc.and_(pc.not_equal(on, before), pc.greater_equal(moments.slot, day * SLOTS_A_DAY))
    return moments.where(changed), on.filter(changed)


def _hour(moments: Moments) -> pa.Array:
    minutes = pc.add(moments.slot, SLOTS_A_DAY)
    of_day = pc.subtract(minutes, pc.multiply(pc.divide(minutes, SLOTS_A_DAY), SLOTS_A_DAY))
    return pc.divide(of_day, 6)


def _state(moments: Moments, on: pa.Array) -> pa.Array:
    return pc.if_else(on, moments.word(1), moments.word(0))


def _with_gaps(moments: Moments, state: pa.Array) -> pa.Array:
    """Rarely, and for half an hour at a time, a device is gone or has nothing to say."""
    chance = moments.chance("gap", 3)
    state = pc.if_else(pc.less(chance, 0.0030), "unavailable", state)
    state = pc.if_else(pc.less(chance, 0.0012), "unknown", state)
    return pc.if_else(pc.less(chance, 0.0005), pa.scalar(None, pa.string()), state)


def _text(numbers: pa.Array) -> pa.Array:
    return numbers.cast(pa.string())


def _text_scalar(text: str, length: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), length)


def _choose(mask: pa.Array, yes: Any, no: Any) -> pa.Array:
    return pc.if_else(mask, pa.scalar(yes), pa.scalar(no))


def _join(*parts: Any) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")
