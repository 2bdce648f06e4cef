"""The shipped lists of what is known to be harmless, and of what is known to be personal."""

from functools import cache
from importlib.resources import files


@cache
def listed(name: str) -> frozenset[str]:
    """The words of a list, the name of a file here without its ending."""
    text = files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("# "))
    return frozenset(
        word.replace("_", " ") if name == "units" else word
        for line in lines
        for word in line.split()
    )
