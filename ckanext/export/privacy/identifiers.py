"""Texts that hold an identifier of a person, a place or a machine."""

import re
import unicodedata
from html import unescape
from urllib.parse import unquote

# E-mail and network addresses, links, long keys, telephone numbers and pairs of coordinates.
# Entity ids join words by underscores, which no word boundary sees.
_IDENTIFIER = re.compile(
    r"""\S@[^\s@]{1,255}\.\w | [a-z][a-z0-9+.-]{0,20}://\S | (?<![0-9a-z])www\.\w
    | (?<![0-9a-z])(?:[0-9a-f]{2}[:._ -]?){5}[0-9a-f]{2}(?![0-9a-z])
    | (?<![0-9a-z])(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}(?![0-9a-z])
    | (?<![0-9])[0-9]{1,3}(?:[._-][0-9]{1,3}){3}(?![0-9])
    | (?<![0-9a-z])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]
    | (?<![0-9a-z])(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}
    | (?<![0-9a-z])[0-9a-f]{8}[_-]?(?:[0-9a-f]{4}[_-]?){3}[0-9a-f]{12}(?![0-9a-z])
    | (?<![a-z0-9+/_-])(?=[a-z+/_-]{0,23}[0-9])[a-z0-9+/_-]{24}
    | \+?[0-9](?:[ ()./_-]{0,2}[0-9]){7}
    | [0-9][.,][0-9]{4}
    | [0-9]\.[0-9]{2,}\s*°?\s*[NSEW]?\s*(?:[,;]\s*|\s)-?[0-9]{1,3}\.[0-9]{2,}
    | [0-9]{1,3}\s*°\s*[0-9]{1,2}\s*['′]""",
    re.VERBOSE | re.IGNORECASE,
)
# Signs without which a text holds none of these, unless it is made of the letters of a key.
_SIGN = re.compile(r"[0-9@:]|www\.", re.IGNORECASE)
_LETTERS = re.compile(r"[a-fA-F][a-fA-F][._ -]?[a-fA-F]{2}")
_MEASURED = re.compile(
    r"""[+-]?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?
    | \d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def identifies(text: str) -> bool:
    """Nearly all texts are short words, numbers and times; only longer ones hold identifiers."""
    if len(text) <= 5 or _MEASURED.fullmatch(text):
        return False
    plain = decoded(text)
    plain = plain if plain.isascii() else _plain(plain)
    if not (_SIGN.search(plain) or _LETTERS.search(plain)):
        return False  # the pattern would say so too, and take twenty times as long
    return bool(_IDENTIFIER.search(plain))


def decoded(text: str) -> str:
    """As a browser would read it, where signs are written as links and web pages do."""
    if "&" in text:
        text = unescape(text)
    return unquote(text) if "%" in text else text


def _plain(text: str) -> str:
    """Without signs that cannot be seen, and with every digit and sign in its usual form."""
    usual = unicodedata.normalize("NFKC", text)
    return "".join(_usual(sign) for sign in usual if unicodedata.category(sign) != "Cf")


def _usual(sign: str) -> str:
    return str(unicodedata.digit(sign, sign))
