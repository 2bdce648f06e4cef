"""What can go wrong, in words for the person who asked.

Leaves raise these; `views.problem` and the command line say them. `detail` is one sentence that
tells the person what to change; `inside` is for the log and the administrator alone, because it
may name paths, hosts or statements.
"""

import re
from typing import Any

# The end of a sentence about what only the administrator can mend.
TELL = "please tell the portal's administrator."
# Where drivers begin to quote a value: PostgreSQL, Arrow (texts and lines of CSV files) and Trino.
_QUOTED = re.compile(r""":\s(?=['"])|\bvalue\s(?=')|\bgot \d+:|\bcast to [^:]*:""")
_NOT_SET_UP = f"This portal's export is not set up right; {TELL}"


class ExportError(Exception):
    """Base of all expected failures. `members` join the problem document (RFC 9457)."""

    status = 500
    title = "Export failed"

    def __init__(self, detail: str, *, inside: str = "", **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.inside = inside
        self.members = members

    def explain(self) -> str:
        """The whole story, for an administrator."""
        return f"{self.detail} ({self.inside})" if self.inside else self.detail


class BadParameter(ExportError):
    """The request asks for something that cannot be; `members` name the parameter."""

    status = 400
    title = "Bad parameter"


class BadDate(BadParameter):
    title = "Bad date format"


class UnsupportedFormat(BadParameter):
    title = "Unsupported exportation format"


class EmptyDataset(ExportError):
    """The filters leave no observation."""

    status = 204
    title = "Empty dataset"


class TooFewHomes(ExportError):
    """The selection would describe too few homes to hide any of them. Never says how many."""

    status = 403
    title = "Too few homes"


class Misconfigured(ExportError):
    """The administrator's configuration cannot work; `inside` says why."""

    title = "The export is not set up"

    def __init__(self, detail: str = _NOT_SET_UP, *, inside: str = "") -> None:
        super().__init__(detail, inside=inside)


class PrivacyFailed(ExportError):
    """A fault in the privacy step. Its own words would perhaps repeat what must not leave."""


class LakeUnavailable(ExportError):
    """The lake cannot be reached or read."""

    status = 503
    title = "The data lake is not available"


class TooManyExports(ExportError):
    """`ckanext.export.max_concurrent` exports are running already."""

    status = 503
    title = "Too many exports are running"


def without_values(words: str) -> str:
    """What a driver says, without the value of the lake that it quotes at the end."""
    return _QUOTED.split(words, maxsplit=1)[0]
