"""The kinds of sensors: what was measured, and what the derived homes make of it."""

from typing import Any, NamedTuple


class Quantity(NamedTuple):
    """How a kind of sensor looks, and how its values follow a column of the source."""

    device_class: str | None
    unit: str
    icon: str | None = None
    column: str = ""
    scale: float = 1.0
    level: float | None = None  # None: the source's own mean
    noise: float = 0.0
    step: float = 0.01
    low: float = -1e9
    high: float = 1e9
    share: float = 1.0

    def attributes(self, name: str, unit: str) -> dict[str, Any]:
        found = {
            "state_class": "total" if self.device_class == "energy" else "measurement",
            "unit_of_measurement": unit,
            "device_class": self.device_class,
            "icon": self.icon,
            "friendly_name": name,
        }
        return {key: value for key, value in found.items() if value is not None}


TEMPERATURE = Quantity("temperature", "°C", noise=0.3, step=0.1, share=0.5)
HUMIDITY = Quantity("humidity", "%", noise=1.5, step=0.1, low=1, high=100, share=0.35)

# Quantities that the house did not measure are made from one that moves in a similar way.
HOUSE_QUANTITIES = {
    "mains_power": Quantity(
        "power", "W", "mdi:flash", "Appliances", 6, 580, 40, 0.1, 20, 9000, 0.45
    ),
    "appliances_energy": Quantity("energy", "Wh", None, "Appliances", 1, None, 5, 1, 0, 2000, 0.3),
    "carbon_dioxide": Quantity(
        "carbon_dioxide", "ppm", None, "RH_9", 45, 780, 60, 1, 400, 3000, 0.3
    ),
    "illuminance": Quantity(
        "illuminance", "lx", "mdi:brightness-5", "RH_out", -180, 2600, 200, 1, 0, 60000, 0.3
    ),
    "particulate_matter": Quantity(
        "pm25", "µg/m³", None, "Windspeed", -2, 11, 4, 0.1, 0, 400, 0.25
    ),
    "hub_signal_strength": Quantity(
        "signal_strength", "dBm", "mdi:wifi", "RH_1", 0.2, -61, 8, 1, -99, -20, 0.15
    ),
    "mains_voltage": Quantity(
        "voltage", "V", None, "Appliances", -0.01, 231, 3, 0.1, 200, 253, 0.15
    ),
    "outdoor_pressure": Quantity(
        "pressure", "hPa", "mdi:gauge", "Press_mm_hg", 1.333224, 1007.3, 0.3, 0.1, 900, 1080, 0.15
    ),
    "garden_wind": Quantity(
        "wind_speed", "km/h", "mdi:weather-windy", "Windspeed", 3.6, 14.6, 3, 0.1, 0, 150, 0.2
    ),
    "outdoor_temperature": Quantity(
        "temperature", "°C", None, "T6", 1, None, 0.5, 0.1, -40, 50, 0.4
    ),
    "cellar_dew_point": Quantity(
        None, "°C", "mdi:water-thermometer", "Tdewpoint", 0.4, 7.5, 0.4, 0.1, -30, 30, 0.2
    ),
    "sight": Quantity("distance", "km", "mdi:eye", "Visibility", 1, None, 3, 0.5, 0, 70, 0.15),
    "door_battery": Quantity("battery", "%", None, "T9", 0.6, 84, 1, 1, 0, 100, 0.08),
}

MEASURED_HOUSE_QUANTITIES = {
    "Appliances": ("appliances_energy", "Appliances", Quantity("energy", "Wh")),
    "lights": ("lights_energy", "Lights", Quantity("energy", "Wh", "mdi:lightbulb")),
    "T_out": ("airport_temperature", "Airport temperature", Quantity("temperature", "°C")),
    "RH_out": ("airport_humidity", "Airport humidity", Quantity("humidity", "%")),
    "Press_mm_hg": ("airport_pressure", "Airport pressure", Quantity("pressure", "mmHg")),
    "Windspeed": ("airport_wind_speed", "Airport wind speed", Quantity("wind_speed", "m/s")),
    "Visibility": ("airport_visibility", "Airport visibility", Quantity("distance", "km")),
    "Tdewpoint": ("airport_dew_point", "Airport dew point", Quantity("temperature", "°C")),
}
