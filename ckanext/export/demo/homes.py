"""Which entities each home has: the measured house, then homes derived from it."""

from .dice import between, choose, seed_of
from .entity import Entity
from .house import SLOTS_A_DAY
from .household import household
from .sensors import (
    HOUSE_QUANTITIES,
    HUMIDITY,
    MEASURED_HOUSE_QUANTITIES,
    TEMPERATURE,
    Quantity,
)
from .words import FAMILY_NAMES, GIVEN_NAMES, ROOM_NAMES, ROOMS

MEASURED_HOME = "house-stambruges-measured"


def entities_of(homes: int, mean: dict[str, float]) -> list[Entity]:
    """The entities of the first `homes` homes, by home and entity id; `mean` is per column."""
    found = sorted(measured_home(), key=lambda entity: entity.entity_id)
    for number in range(2, homes + 1):
        found += sorted(derived_home(number, mean), key=lambda entity: entity.entity_id)
    return found


def measured_home() -> list[Entity]:
    """The real house: sensors only, nothing invented."""
    found = [
        _measured(column, name, label, quantity)
        for column, (name, label, quantity) in MEASURED_HOUSE_QUANTITIES.items()
    ]
    rooms = {**ROOMS, 6: "outside_north"}
    labels = {**ROOM_NAMES["en"], 6: "Outside north", 8: "Teenager room", 9: "Parents room"}
    for number, room in rooms.items():
        for prefix, word, quantity in (
            ("T", "temperature", TEMPERATURE),
            ("RH_", "humidity", HUMIDITY),
        ):
            label = f"{labels[number]} {word}"
            found.append(_measured(f"{prefix}{number}", f"{room}_{word}", label, quantity))
    return found


def _measured(column: str, name: str, label: str, quantity: Quantity) -> Entity:
    return Entity(
        MEASURED_HOME,
        f"sensor.{name}",
        "measured",
        quantity.attributes(label, quantity.unit),
        quantity.unit,
        column,
    )


def derived_home(number: int, mean: dict[str, float]) -> list[Entity]:
    """Home `number` (2 and up): the measured house shifted, scaled and disturbed, and more."""
    home = f"derived-home-{number:02d}"
    # Whole days and up to an hour: the rhythm of day and night stays.
    shift = SLOTS_A_DAY * (seed_of(home, "days") % 7 - 3) + seed_of(home, "slots") % 13 - 6
    names = ROOM_NAMES[choose(tuple(ROOM_NAMES), number)]
    child = choose(GIVEN_NAMES, home, "child")
    rooms = sorted(ROOMS, key=lambda room: seed_of(home, room))[:3]
    labels = {room: names[room].format(child=child) for room in rooms}
    celsius = "℃" if number % 8 == 5 else "°C"
    found = []
    for room in rooms:
        for prefix, word, quantity, unit in (
            ("T", "temperature", TEMPERATURE, celsius),
            ("RH_", "humidity", HUMIDITY, "%"),
        ):
            found.append(
                _derived(
                    home,
                    f"{ROOMS[room]}_{word}",
                    quantity._replace(column=f"{prefix}{room}"),
                    f"{labels[room]} {word}",
                    unit,
                    shift,
                    mean,
                )
            )
    for name, quantity in HOUSE_QUANTITIES.items():
        if name != "mains_power" and between(0, 1, home, name, "owned") > 0.5:
            continue
        unit = {"°C": celsius, "µg/m³": "μg/m³" if number % 2 else "µg/m³"}.get(
            quantity.unit, quantity.unit
        )
        label = name.replace("_", " ").capitalize()
        found.append(_derived(home, name, quantity, label, unit, shift, mean))
    surname = choose(FAMILY_NAMES, home, "surname")
    return found + household(home, number, shift, labels, surname)


def _derived(
    home: str,
    name: str,
    quantity: Quantity,
    label: str,
    unit: str,
    shift: int,
    mean: dict[str, float],
) -> Entity:
    level = mean[quantity.column] if quantity.level is None else quantity.level
    return Entity(
        home,
        f"sensor.{name}",
        "reading",
        quantity.attributes(label, unit),
        unit,
        quantity.column,
        shift,
        scale=quantity.scale * between(0.75, 1.25, home, name, "scale"),
        level=level + 2 * quantity.noise * between(-1, 1, home, name, "level"),
        noise=quantity.noise,
        step=quantity.step,
        low=quantity.low,
        high=quantity.high,
        share=quantity.share,
    )
