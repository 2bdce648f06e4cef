"""States: numbers and words of closed vocabularies pass, other texts are withheld."""

import re
from collections.abc import Callable

from .policy import Policy

# A number that can be no coordinate, telephone or identity number: at most six digits, three of
# them behind the point. (Patterns for Arrow and for Python alike.)
SHORT_NUMBER = r"[+-]?(?:[0-9]{1,3}[.][0-9]{1,3}|[0-9]{1,6}|[0-9]{4}[.][0-9]{1,2}|[0-9]{5}[.][0-9])"
# A number that is a measurement only where it has a unit or a device class.
LONG_NUMBER = r"[+-]?[0-9]{1,20}([.][0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"

_LONG = re.compile(LONG_NUMBER)


def is_number(state: str) -> bool:
    return _LONG.fullmatch(state) is not None


def publishable(policy: Policy) -> Callable[[str | None], str | None]:
    """The rule about a state on its own: the state, or None where it is withheld. `Protection`
    looks at its unit and its entity too."""

    def rule(state: str | None) -> str | None:
        if state is None or is_number(state) or policy.knows_state(state):
            return state
        return None

    return rule
