"""What may leave the lake. The rules are functions on distinct values, and they fail closed:
what cannot be judged does not leave."""

from .rules import Policy, Protection

__all__ = ["Policy", "Protection"]
