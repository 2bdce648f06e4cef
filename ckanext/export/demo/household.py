"""What the derived homes have beside sensors. All of it is invented: people, places, habits."""

from dataclasses import replace
from typing import Any

from .dice import between, choose, seed_of
from .entity import Entity
from .words import GIVEN_NAMES, ROOMS

# The chance of the second word per hour of the UTC day.
HABITS: dict[str, list[float]] = {
    "light": [0.04] * 5
    + [0.35, 0.5, 0.3]
    + [0.08] * 8
    + [0.3, 0.6, 0.75, 0.8, 0.75, 0.6, 0.3, 0.1],
    "motion": [0.02] * 5 + [0.35, 0.45, 0.3] + [0.12] * 8 + [0.4] * 6 + [0.2, 0.06],
    "door": [0.01] * 6 + [0.12, 0.15] + [0.04] * 8 + [0.14, 0.14, 0.1] + [0.04] * 5,
    "machine": [0.02] * 7 + [0.2, 0.25, 0.25] + [0.12] * 8 + [0.25] * 3 + [0.05] * 3,
    "home": [0.99] * 6 + [0.85, 0.55] + [0.3] * 7 + [0.5, 0.75, 0.85] + [0.92] * 6,
}

_MODES = ["off", "heat", "auto"]


def household(
    home: str, number: int, shift: int, labels: dict[int, str], surname: str
) -> list[Entity]:
    """Lights, motion, doors, machines, heating, weather, messages, persons and phones."""
    rooms = list(labels)
    found = _lights_and_motion(home, labels, rooms)
    found.append(
        Entity(
            home,
            "climate.heating",
            "climate",
            {
                "hvac_modes": _MODES,
                "min_temp": 7,
                "max_temp": 30,
                "icon": "mdi:radiator",
                "supported_features": 401,
                "friendly_name": f"Heating, {labels[rooms[0]]}",
            },
            column=f"T{rooms[0]}",
            shift=shift,
            level=between(19.5, 21.5, home, "climate"),
            noise=0.3,
            step=0.1,
            share=0.35,
        )
    )
    found.append(
        Entity(
            home,
            "weather.home",
            "weather",
            {
                "temperature_unit": "°C",
                "pressure_unit": "hPa",
                "wind_speed_unit": "m/s",
                "visibility_unit": "km",
                "attribution": "Derived from airport weather, CC BY 4.0",
                "friendly_name": f"Weather {surname}",
            },
            shift=shift,
            share=0.25,
        )
    )
    if number % 3 == 2:
        text: dict[str, Any] = {
            "icon": "mdi:message-text",
            "friendly_name": "Türklingel, Nachricht",
        }
        found.append(Entity(home, "sensor.doorbell_message", "message", text))
    return found + _people(home, number, surname)


def _lights_and_motion(home: str, labels: dict[int, str], rooms: list[int]) -> list[Entity]:
    def plain(entity_id: str, device_class: str, habit: str, block: int, name: str) -> Entity:
        attributes = {"device_class": device_class, "friendly_name": name}
        return Entity(home, entity_id, "plain", attributes, habit=habit, block=block)

    found = [
        Entity(
            home,
            f"light.{ROOMS[room]}",
            "light",
            {
                "supported_color_modes": ["brightness"],
                "supported_features": 40,
                "friendly_name": f"{labels[room]} 💡",
            },
            habit="light",
            block=4,
        )
        for room in rooms[:2]
    ]
    room = rooms[0]
    found.append(
        plain(
            f"binary_sensor.{ROOMS[room]}_motion", "motion", "motion", 2, f"{labels[room]} motion"
        )
    )
    found.append(plain("binary_sensor.front_door", "door", "door", 1, 'Front door, "main"'))
    machine = choose(("washing_machine", "dishwasher", "heat_pump_dryer"), home, "machine")
    found.append(
        plain(f"switch.{machine}", "outlet", "machine", 9, machine.replace("_", " ").capitalize())
    )
    return found


def _people(home: str, number: int, surname: str) -> list[Entity]:
    """Two persons, one with a phone. Their home is a spot in the open North Sea."""
    place = Entity(
        home,
        "person.",
        "place",
        {},
        habit="home",
        words=("not_home", "home"),
        block=7,
        latitude=round(between(54.0, 55.0, home, "latitude"), 6),
        longitude=round(between(3.0, 5.0, home, "longitude"), 6),
    )
    found = []
    first = seed_of(home, "first person") % len(GIVEN_NAMES)
    for place_in_home, given in enumerate((GIVEN_NAMES[first], GIVEN_NAMES[first - 5])):
        key = f"{home}/{place_in_home}"
        slug = f"resident_{place_in_home + 1}"
        attributes = {
            "editable": True,
            "id": slug,
            "user_id": f"{seed_of(key, 'user'):016x}{seed_of(key, 'user 2'):016x}",
            "source": f"device_tracker.phone_{place_in_home + 1}",
            "friendly_name": f"{given} {surname}",
        }
        person = replace(
            place, entity_id=f"person.{slug}", attributes=attributes, follows=f"phone {key}"
        )
        found.append(person)
    phone = {
        "source_type": "gps",
        "ip": f"192.168.{number % 250}.{20 + seed_of(home, 'ip') % 200}",
        "mac": "02:" + ":".join(f"{seed_of(home, 'mac') >> 8 * k & 255:02x}" for k in range(5)),
        "host_name": f"{GIVEN_NAMES[first]}s-phone",
        "friendly_name": f"Phone of {GIVEN_NAMES[first]}",
    }
    tracker = replace(found[0], entity_id="device_tracker.phone_1", attributes=phone, share=0.6)
    return [*found, tracker]
