"""The portal's rules when its administrator has chosen nothing, as they are declared."""

from pathlib import Path
from typing import Any

import yaml

_DECLARED = Path(__file__).parents[2] / "ckanext/export/config_declaration.yaml"


def _default(key: str) -> Any:
    groups = yaml.safe_load(_DECLARED.read_text())["groups"]
    options = {option["key"]: option for group in groups for option in group["options"]}
    return options[f"ckanext.export.privacy.{key}"]["default"]


ATTRIBUTES = tuple(_default("attributes"))
DEFAULTS: dict[str, Any] = {
    "types": tuple(_default("types")),
    "attributes": ATTRIBUTES,
    "entity_mode": _default("entities"),
    "text_mode": _default("texts"),
    "time_step": _default("time"),
}
