"""What becomes of a rule that fails."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from ..errors import TELL, PrivacyFailed


@contextmanager
def fail_closed() -> Generator[None, None, None]:
    """A rule at work: its fault is PrivacyFailed, without words that may hold a secret."""
    try:
        yield
    except Exception as error:
        at = extract_tb(error.__traceback__)[-1]
        raise PrivacyFailed(
            f"A privacy rule failed, so nothing more leaves the data lake; {TELL}",
            inside=f"{type(error).__name__} in {at.name}, {Path(at.filename).name}:{at.lineno}",
        ) from None
