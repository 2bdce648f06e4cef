"""Access to object storage, for every kind of lake that may lie there."""

import os
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

    def object_store(self) -> dict[str, str]:
        """As the drivers in Rust want it; what is not said here they find in the environment."""
        endpoint = self.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
        options = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true" if endpoint.startswith("http:") else "",
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
        return {name: value for name, value in options.items() if value}

    def hide(self, text: str) -> str:
        """A driver's words without the credentials, which object stores repeat in their errors."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        own = (self.access_key, self.secret_key, self.session_token)
        for secret in filter(None, (*own, *map(os.environ.get, names))):
            text = text.replace(secret, "…")
        return text

    def __repr__(self) -> str:
        return f"Storage(endpoint={self.endpoint!r}, region={self.region!r}, …)"
