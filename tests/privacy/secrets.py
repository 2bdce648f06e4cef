"""Thousands of made-up secrets, the ways people and programs write them, and a search for them."""

import base64
import html
import io
import json
import random
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq

FIRST = [
    "Mirabel",
    "Tavish",
    "Žofie",
    "Odalys",
    "Søren",
    "Calixta",
    "Jürgen",
    "Ottoline",
    "Łucja",
    "Fenwick",
    "Ianthe",
    "Dashiell",
    "Guðrún",
    "Siân",
    "Nguyễn",
    "Çağla",
    "İpek",
    "Zoë",
    "Renée",
    "François",
    "Björn",
    "Ålström",
    "Ευγενία",
    "Дмитрий",
    "Юлия",
]
LAST = [
    "Quillfeather",
    "Ostermühl",
    "O'Brackenridge",
    "Zandhaas",
    "Lindqvarn",
    "Pommeroy",
    "Kräutlein",
    "Dąbkowicz",
    "Thistlewhite",
    "Morvandeau",
    "Ashgrove",
    "Vasconcelos",
    "Žižková",
    "Sørbråten",
]
_PART = re.compile(r"[^\W\d_]{6,}|\d+\.\d{4,}")  # what of a name or a place is a secret already
_MARKS = dict.fromkeys(sign for sign in range(0x1_0000) if unicodedata.combining(chr(sign)))
IDENTIFIERS = ("mail", "mac", "ipv4", "ipv6", "token", "uuid", "phone", "url", "coordinates")


@dataclass(frozen=True)
class Secret:
    kind: str
    text: str

    @cached_property
    def needles(self) -> set[str]:
        """What must be nowhere: the text, its parts, and what programs make of it."""
        raw = self.text.encode()
        forms = {self.text, plain(self.text), unicodedata.normalize("NFD", self.text)}
        forms |= {quote(self.text), raw.hex(), base64.b64encode(raw).decode().rstrip("=")}
        forms |= {base64.b32encode(raw).decode().rstrip("="), json.dumps(self.text)[1:-1]}
        forms |= {repr(self.text)[1:-1], self.text.encode("ascii", "xmlcharrefreplace").decode()}
        if self.kind in ("name", "address", "coordinates"):
            forms |= {part.removesuffix("straße") for part in _PART.findall(self.text)}
        return {form.casefold() for form in forms}

    @cached_property
    def letters(self) -> str:
        return squeezed(plain(self.text))


def plain(text: str) -> str:
    """As Home Assistant writes ids: without accents, in lower case."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text).casefold()
    return apart.translate(_MARKS)


def squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def make_secrets(each: int = 250) -> list[Secret]:
    dice = random.Random(4711)  # noqa: S311

    def digits(number: int) -> str:
        return "".join(dice.choices("123456789", k=number))

    def hexes(number: int) -> str:
        return "".join(dice.choices("0123456789abcdef", k=number))

    def name() -> str:
        return f"{dice.choice(FIRST)} {dice.choice(LAST)}"

    makers: dict[str, Callable[[], str]] = {
        "name": name,
        "address": lambda: (
            f"{dice.choice(LAST)}straße {digits(2)}, {digits(5)} {dice.choice(LAST)}"
        ),
        "mail": lambda: f"{plain(dice.choice(FIRST))}.{digits(3)}@{hexes(6)}.example.org",
        "mac": lambda: ":".join(hexes(2) for _ in range(6)),
        "ipv4": lambda: ".".join(str(dice.randint(100, 255)) for _ in range(4)),
        "ipv6": lambda: "2001:db8:" + ":".join(hexes(4) for _ in range(6)),
        "token": lambda: "eyJ" + digits(2) + hexes(40),
        "uuid": lambda: str(UUID(int=dice.getrandbits(128))),
        "phone": lambda: "+351 9" + digits(8),
        "url": lambda: f"https://{hexes(8)}.example.org/{digits(4)}",
        "coordinates": lambda: f"{dice.randint(35, 70)}.{digits(6)}, -{digits(1)}.{digits(6)}",
        "latitude": lambda: f"{dice.randint(35, 70)}.{digits(6)}",
        "number": lambda: digits(9),
    }
    found = [Secret(kind, make()) for kind, make in makers.items() for _ in range(each)]
    found += [Secret("name", text) for text in (*FIRST, *LAST) if len(text) > 4]
    return list(dict.fromkeys(found))


SECRETS = make_secrets()


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def _split(text: str, size: int) -> str:
    letters = squeezed(text)
    return "_".join(letters[place : place + size] for place in range(0, len(letters), size))


# How a secret may be written in the lake. The first three keep an identifier one that can be seen.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "wide": _wide,
    "slug": lambda text: re.sub(r"[\W_]+", "_", plain(text)),
    "without accents": plain,
    "taken apart": lambda text: unicodedata.normalize("NFD", text),
    "syllables": lambda text: _split(text, 2),
    "three letters": lambda text: _split(text, 3),
    "letters": lambda text: _split(text, 1),
    "joined": squeezed,
    "percent": quote,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "references": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "escapes": lambda text: json.dumps(text)[1:-1],
    "in a sentence": lambda text: f"Hello {text}, good morning!",
}


class Haystack:
    """Everything that left, in whichever file and however it is encoded there."""

    def __init__(self, files: Iterable[tuple[str, bytes]]) -> None:
        texts = [text for name, content in files for text in _texts(name, content)]
        pieces = {piece for text in texts for piece in re.split(r'[\n\t"<>]', text)}
        self._letters = _Searched({squeezed(plain(piece)) for piece in pieces})
        for decode in (html.unescape, unquote, _unescaped, str.casefold, plain):
            pieces |= {decode(piece) for piece in pieces}
        self._text = _Searched(pieces)

    def found(self, secrets: Iterable[Secret]) -> list[str]:
        secrets = list(secrets)
        needles = self._text.found({needle for secret in secrets for needle in secret.needles})
        letters = self._letters.found({secret.letters for secret in secrets})
        return [
            f"{secret.kind} {secret.text!r}"
            for secret in secrets
            if secret.letters in letters or not needles.isdisjoint(secret.needles)
        ]


class _Searched:
    """Texts in which tens of thousands of needles are looked for at once: only those are read for
    whose first and last eight bytes are somewhere in them."""

    def __init__(self, texts: set[str]) -> None:
        self._text = "\n".join(texts).encode("utf-8", "surrogatepass")
        padded = np.frombuffer(self._text.ljust(8), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 8)
        self._eights = np.ascontiguousarray(windows).view(np.uint64).ravel()

    def found(self, needles: Iterable[str]) -> set[str]:
        encoded = {needle: needle.encode("utf-8", "surrogatepass") for needle in needles}
        ends = [end for text in encoded.values() for end in (text.ljust(8)[:8], text[-8:])]
        eights = np.array(ends, "S8").view(np.uint64)
        table = np.full(2**22, False)  # most of the texts' bytes are in no needle: seen at a glance
        table[_hashed(eights)] = True
        perhaps = self._eights[table[_hashed(self._eights)]]
        known = np.isin(eights, perhaps).reshape(-1, 2).all(axis=1)
        return {
            needle
            for (needle, text), ends_known in zip(encoded.items(), known, strict=True)
            if (ends_known or len(text) < 8) and text in self._text
        }


def _hashed(eights: np.ndarray) -> np.ndarray:
    return (eights * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)


def _unescaped(text: str) -> str:
    r"""With signs instead of `\u0041` and of Excel's `_x0041_`."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def _texts(name: str, content: bytes) -> Iterator[str]:
    """The file's bytes as text and, where it is a container, what is in it."""
    yield name
    yield content.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            yield opened.comment.decode(errors="replace")
            for inner in opened.namelist():
                yield from _texts(inner, opened.read(inner))
    elif content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(content))
        yield json.dumps(table.to_pylist(), default=str, ensure_ascii=False)
        yield str(pq.read_metadata(io.BytesIO(content)).metadata)
