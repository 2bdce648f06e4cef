"""The attributes in the Hudi tables of the tests, and both ways to write them."""

import json
from typing import Any

KITCHEN = {
    "unit_of_measurement": "°C",
    "friendly_name": "Kitchen, by the window",
    "device_class": "temperature",
}
LAMP = {
    "brightness": 254,
    "color_mode": "color_temp",
    "supported_color_modes": ["color_temp", "hs"],
    "rgb_color": [255, 166.5, 87],
    "friendly_name": "Lamp = the old one",
    "effect": None,
    "on": True,
}
FORECAST = {
    "forecast": [{"temperature": 18.5, "condition": "rainy"}, {"temperature": 21, "x": {}}],
    "friendly_name": "Hull",
}
DOOR = {"device_class": "door", "friendly_name": "Tür \U0001f6aa"}


def java(value: Any) -> str:
    """A value as Java's `toString` writes maps, lists and what is in them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def attributes() -> dict[str, dict[str, Any]]:
    """Both notations → what they mean."""
    known = (KITCHEN, LAMP, FORECAST, DOOR, {})
    return {write(value): value for value in known for write in (java, json.dumps)}
