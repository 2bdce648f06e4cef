"""Access to object storage, for every kind of lake that may lie there."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from ..errors import Misconfigured


@dataclass(frozen=True)
class Storage:
    """What an object store wants to know. An empty field is left to the environment, where the
    clients look for the usual names (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
    """

    endpoint: str = ""  # http://127.0.0.1:9000, for stores that are not Amazon's
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    session_token: str = ""

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> Self:
        """Raises Misconfigured for an option that does not exist."""
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(options) - set(names)):
            raise Misconfigured(
                inside=f"ckanext.export.lake.storage knows {', '.join(names)}, not {unknown[0]!r}",
            )
        return cls(**options)

    def __repr__(self) -> str:
        return f"Storage(endpoint={self.endpoint!r}, region={self.region!r}, …)"
