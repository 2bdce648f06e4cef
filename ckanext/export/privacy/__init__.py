"""What may leave the lake: the rules, and the step that applies them."""

from .policy import Policy
from .protection import Protection

__all__ = ["Policy", "Protection"]
