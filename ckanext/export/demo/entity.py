"""One entity of the demo lake, and how its observations come about."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from .dice import seed_of


@dataclass(frozen=True)
class Entity:
    """One entity; `group` names the function of `observations.py` that makes its observations.

    A derived reading is `level + scale * (source - the source's mean) + noise`, kept within
    `low` and `high`, rounded to `step`; `share` of the source's readings are reported.
    A switching entity is in `words[1]` or `words[0]` for `block` slots of ten minutes at a time,
    the first by the chance that `habit` gives for the hour.
    """

    home: str
    entity_id: str
    group: str
    attributes: dict[str, Any]
    unit: str | None = None
    column: str = ""
    shift: int = 0
    scale: float = 1.0
    level: float = 0.0
    noise: float = 0.0
    step: float = 0.01
    low: float = -1e9
    high: float = 1e9
    share: float = 1.0
    habit: str = ""
    words: tuple[str, str] = ("off", "on")
    block: int = 1
    # Entities that follow the same thing (a person and the person's phone) share `follows`.
    follows: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    seed: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", seed_of(self.home, self.follows or self.entity_id))

    @property
    def type(self) -> str:
        return self.entity_id.partition(".")[0]

    @property
    def text(self) -> str:
        """The attributes as Home Assistant stores them: JSON without spaces."""
        return orjson.dumps(self.attributes).decode()

    @property
    def opening(self) -> str:
        """The same, left open for attributes that change."""
        return self.text[:-1] + ","
