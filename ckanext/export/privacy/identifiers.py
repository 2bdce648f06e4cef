"""Texts that hold an identifier of a person, a place or a machine."""

import re

# E-mail and network addresses, links, long keys, telephone numbers and pairs of coordinates.
_IDENTIFIER = re.compile(
    r"""\S@[^\s@]{1,255}\.\w | \b\w+://\S
    | \b(?:[0-9a-f]{2}[:.-]?){5}[0-9a-f]{2}\b | \b(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}\b
    | \b\d{1,3}(?:\.\d{1,3}){3}\b
    | \b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:] | \b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}
    | \b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b
    | (?<![a-z0-9+/_-])(?=[a-z+/_-]{0,23}\d)[a-z0-9+/_-]{24}
    | \+?\d(?:[ ()./-]{0,2}\d){7}
    | \d\.\d{2,}\s*°?\s*[NSEW]?\s*(?:[,;]\s*|\s)-?\d{1,3}\.\d{2,}
    | \d{1,3}\s*°\s*\d{1,2}\s*['′]""",
    re.VERBOSE | re.IGNORECASE,
)
_MEASURED = re.compile(
    r"""[+-]?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?
    | \d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?""",
    re.VERBOSE | re.IGNORECASE,
)


def identifies(text: str) -> bool:
    """Nearly all texts are short words, numbers and times; only longer ones hold identifiers."""
    return len(text) > 5 and not _MEASURED.fullmatch(text) and bool(_IDENTIFIER.search(text))
