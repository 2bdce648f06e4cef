"""Entity ids, which carry names: `sensor.alices_bedroom_temperature`."""

import unicodedata

from .identifiers import identifies
from .policy import Policy, words_of
from .vocabulary import listed


class Entities:
    """The rules about an entity id."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def rename(self, entity: str | None) -> str | None:
        """The id as it may leave: its type and, by the policy's mode, its known words."""
        if entity is None:
            return None
        kind, _, thing = entity.partition(".")
        if self._policy.entity_mode == "keep":
            return self.hide(entity) if identifies(entity) else entity
        if self._policy.entity_mode == "pseudonym":
            return self.hide(entity)
        return f"{kind}.{'_'.join(map(self._word, words_of(thing)))}"

    def hide(self, entity: str) -> str:
        """The id with one token for all of its words."""
        kind, _, thing = entity.partition(".")
        return f"{kind}.{self._policy.token(thing)}"

    def withheld(self, entity: str | None) -> bool:
        """Whether its states are personal whatever they look like."""
        return entity is None or not listed("personal").isdisjoint(words_of(_plain(entity)))

    def _word(self, word: str) -> str:
        plain = _plain(word)
        return plain if self._policy.knows_word(plain) else self._policy.token(plain)


def spelling(text: str) -> str:
    """What all spellings of a name have in common."""
    return "".join(letter for letter in _plain(text) if letter.isalnum())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
