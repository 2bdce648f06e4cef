"""Texts that name the home they come from: its own id, in any spelling."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import repeat

import numpy as np
import pyarrow as pa

from ..observations import Used, codes, distinct_values, from_codes
from .identifiers import decoded

_SHORTEST = 3  # characters of a home's id that can be recognized in another text
_REMEMBERED = 100_000  # homes whose spellings are kept
_SEARCHED = 1 << 25  # letters that are looked at for the names of all homes
# Letters that Unicode does not take apart, as the ids of entities write them.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ħ": "h"}
)
_NO_LETTERS = re.compile(r"[\W_]+")  # all that is not `isalnum`
_SIGNS = bytes(sign for sign in range(128) if not chr(sign).isalnum())
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class OwnHome:
    """Finds the rows whose text holds the id of their own home."""

    def __init__(self) -> None:
        self._spellings = lru_cache(_REMEMBERED)(spellings)
        self._homes = pa.array([], pa.string())
        self._names: list[list[str]] = []

    def rows(
        self, homes: pa.DictionaryArray, column: pa.DictionaryArray, said: list[str]
    ) -> np.ndarray | None:
        """True for such rows; None where there is none. `said`: the column's distinct texts,
        with only those of their letters that count (`spelled`)."""
        names = [*self._of(homes), []]
        rows = _rows_of(names, codes(homes), "\n".join(said))
        if not len(rows):
            return None
        # Of many homes each has few texts: only about pairs that are there need be asked.
        texts = [*said, ""]
        pairs = codes(homes)[rows].astype(np.int64) * len(texts) + codes(column)[rows]
        pairs, inverse = np.unique(pairs, return_inverse=True)
        naming = [
            any(name in texts[place] for name in names[home])
            for home, place in map(divmod, pairs.tolist(), repeat(len(texts)))
        ]
        mask = np.full(len(column), False)
        mask[rows] = np.array(naming)[inverse]
        return mask if mask.any() else None

    def numbers(self, homes: pa.DictionaryArray) -> dict[str, int]:
        """Ids of homes that are numbers → their places."""
        return {
            name: place
            for place, names in enumerate(self._of(homes))
            for name in names
            if name.isdecimal()
        }

    def _of(self, homes: pa.DictionaryArray) -> list[list[str]]:
        """The names of each home. Most batches have the homes of the one before."""
        if not homes.dictionary.equals(self._homes):
            self._homes = homes.dictionary
            self._names = [
                [name for name in self._spellings(home or "") if len(name) >= _SHORTEST]
                for home in distinct_values(homes)
            ]
        return self._names


def _rows_of(names: list[list[str]], homes: np.ndarray, everything: str) -> np.ndarray:
    """The rows of homes whose names are in any text; all rows where that takes long to find out."""
    if len(names) * len(everything) > _SEARCHED:
        return np.arange(len(homes))
    found = np.array([any(name in everything for name in of_home) for of_home in names])
    return np.flatnonzero(found[homes]) if found.any() else np.arange(0)


def hidden(
    column: pa.DictionaryArray, mask: np.ndarray, hide: Callable[[str], str]
) -> pa.DictionaryArray:
    """The column with other texts in some rows, and without what no row has any longer."""
    texts = [text or "" for text in distinct_values(column)]
    places = codes(column)
    places = np.where(mask, places + len(texts), places).astype(np.int32)
    dictionary = pa.array([*texts, *map(hide, texts)], pa.string())
    return Used(from_codes(places, dictionary)).compact()


def spelled(text: str) -> str:
    """All spellings of a text, in which the spellings of a name can be looked for."""
    return " ".join(spellings(decoded(text)))


def spellings(text: str) -> tuple[str, ...]:
    """What all ways to write a name have in common: letters and digits, without accents or with
    German umlauts as two letters."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    ways = dict.fromkeys((plain, plain.translate(_UMLAUTS)))  # nearly always the same
    return tuple(dict.fromkeys(map(_letters, ways)))


def _letters(text: str) -> str:
    if text.isascii():  # as long texts nearly always are: ten times as fast
        return text.encode().translate(None, _SIGNS).decode()
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return _NO_LETTERS.sub("", apart)
