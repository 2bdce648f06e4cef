"""What may leave the lake: the rules, and the step that applies them."""

from .faults import fail_closed
from .policy import Policy
from .protection import Protection
from .sentences import about, in_words, types_in_words

__all__ = ["Policy", "Protection", "about", "fail_closed", "in_words", "types_in_words"]
