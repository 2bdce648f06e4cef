"""From a SQLAlchemy URL of PostgreSQL to the one that libpq reads."""

from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ..errors import Misconfigured

# What holds where the URL says nothing else. libpq would wait for a lost server for minutes.
_DEFAULTS = {"connect_timeout": 10, "fallback_application_name": "ckanext-export"}


def libpq_uri(url: str) -> str:
    """All that the URL says, as parameters: only there libpq takes every sign in every place."""
    return "postgresql://?" + urlencode(
        _DEFAULTS | _parameters(url) | {"client_encoding": "UTF8"}, quote_via=quote
    )


def address(url: str) -> str:
    """Where the database is, without its password."""
    known = _parameters(url)
    port = f":{known['port']}" if "port" in known else ""
    return f"{known.get('host', 'localhost')}{port}/{known.get('dbname', '')}"


def _parameters(url: str) -> dict[str, Any]:
    """libpq's names → values. Raises Misconfigured, which never repeats the URL."""
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg2")
        parameters = parsed.get_dialect()().create_connect_args(parsed)[1]
    except (ArgumentError, ValueError, TypeError) as error:
        raise _not_readable() from error
    if "@" in f"{parsed.host}{parsed.database}":
        raise _not_readable()  # else a part of the password would stand in an error as a host
    return dict(parameters)


def _not_readable() -> Misconfigured:
    return Misconfigured(
        inside="ckanext.export.lake.url has to be postgresql://user:password@host/database, "
        "where signs such as @ : / % in the password are percent-encoded"
    )
