"""Times that a lake holds as text: ISO 8601, with or without a zone, however fine."""

import pyarrow as pa

from ..compute import pc
from ..observations import TIME

_ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)$"
_DAY_ALONE = len("2022-06-20")
_FINER = r"(\.\d{6})\d+"


def parse_times(texts: pa.Array) -> pa.TimestampArray:
    """The instants; a text without a zone is UTC, what is finer than microseconds is cut off.

    An empty text is no time. Raises pyarrow.ArrowInvalid for a text that is not ISO 8601.
    """
    try:
        return texts.cast(TIME)
    except pa.ArrowInvalid:
        pass  # some are written in another way: told apart below, which takes longer
    texts = texts.cast(pa.string())
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    texts = pc.replace_substring_regex(texts, pattern=_FINER, replacement=r"\1")
    after_the_day = pc.utf8_slice_codeunits(texts, _DAY_ALONE)
    zoned = pc.match_substring_regex(after_the_day, pattern=_ZONE)
    with_zone = pc.if_else(zoned, texts, None).cast(TIME)
    without = pc.if_else(zoned, None, texts).cast(pa.timestamp("us")).cast(TIME)
    return pc.coalesce(with_zone, without)
