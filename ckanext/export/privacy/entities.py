"""Entity ids, which carry names: `sensor.alices_bedroom_temperature`."""

import re
import unicodedata
from functools import cache

from .identifiers import identifies
from .policy import Policy, words_of
from .vocabulary import listed

_DIGITS = 3  # of all numbers of an id: more may be a telephone, an address or a year of birth
_WHOLE = 3  # letters of a word that says something on its own


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
            return self.hide(entity) if identifies(thing) else entity
        if self._policy.entity_mode == "pseudonym":
            return self.hide(entity)
        words = words_of(_plain(thing))
        return f"{kind}.{'_'.join(map(self._word, words, self._known(words)))}"

    def hide(self, entity: str) -> str:
        """The id with one token for all of its words."""
        kind, _, thing = entity.partition(".")
        return f"{kind}.{self._policy.token(thing)}"

    def pattern(self, entity: str) -> str:
        """The id with a star for every word that is not known."""
        kind, _, thing = entity.partition(".")
        words = words_of(_plain(thing))
        known = self._known(words)
        return f"{kind}.{'_'.join(w if k else '*' for w, k in zip(words, known, strict=True))}"

    def withheld(self, entity: str | None) -> bool:
        """Whether its states are personal whatever they look like."""
        if entity is None:
            return True
        words, parts = _personal()
        plain = _plain(entity)
        return bool(parts.search(plain)) or not words.isdisjoint(words_of(plain))

    def _word(self, word: str, known: bool) -> str:
        return word if known else self._policy.token(word)

    def _known(self, words: list[str]) -> list[bool]:
        """Which words may stay: known ones, with a number where all numbers together are short,
        and words such as `of` between two others, because `to_by` is a name."""
        whole = [self._policy.knows_word(word) for word in words]
        unknown = "".join(word for word, known in zip(words, whole, strict=True) if not known)
        numbered = sum(map(str.isdigit, unknown)) <= _DIGITS
        around = [
            False,
            *(k and len(w) >= _WHOLE for w, k in zip(words, whole, strict=True)),
            False,
        ]
        return [
            known
            or (numbered and self._policy.knows_numbered(word))
            or (word in listed("joining") and around[place] and around[place + 2])
            for place, (word, known) in enumerate(zip(words, whole, strict=True))
        ]


@cache
def _personal() -> tuple[frozenset[str], re.Pattern[str]]:
    """Personal words, and those of them that are so within longer words too."""
    words = listed("personal")
    parts = sorted(word[1:] for word in words if word.startswith("*"))
    return frozenset(word.lstrip("*") for word in words), re.compile("|".join(parts))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
