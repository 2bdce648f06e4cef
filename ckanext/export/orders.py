"""From a request to an order: all that the portal has to say, gathered before the first byte.

CKAN closes its database session when a view has returned, and the bytes flow later.
"""

from collections.abc import Sequence
from importlib.metadata import version

import ckantoolkit as tk

from . import config, template
from .export import Order
from .formats import Format
from .formats.base import Options
from .lake import Lake, open_lake
from .privacy import Policy
from .query import Query


def lake() -> Lake:
    """The portal's lake. Raises Misconfigured."""
    return open_lake(
        config.lake_url(), config.lake_columns(), config.lake_table(), config.lake_storage()
    )


def policy() -> Policy:
    """The portal's privacy rules. Raises Misconfigured."""
    return Policy(
        key=config.privacy_key(),
        types=config.privacy_types(),
        attributes=config.privacy_attributes(),
        min_homes=config.min_homes(),
        entity_mode=config.privacy_entities(),
        words=config.privacy_words(),
        text_mode=config.privacy_texts(),
        texts=config.privacy_known_texts(),
        units=config.privacy_units(),
        time_step=config.privacy_time(),
    )


def order(
    query: Query,
    formats: Sequence[type[Format]],
    user: str | None = None,
    edition: str = "",
    occasion: str = "download",
) -> Order:
    """The export of a query, as its visitor may see the portal. Raises Misconfigured.

    `user` is the visitor's name, by default that of who sent the request; `edition` stands in
    file names instead of the day.
    """
    return Order(
        query=query,
        formats=formats,
        policy=policy(),
        description=template.describe(
            {kind: _url(query, kind) for kind in formats}.__getitem__,
            tk.current_user.name if user is None else user,
            edition,
        ),
        options=Options(escape_formulas=config.escape_formulas()),
        patience=config.patience(),
        occasion=occasion,
        software=f"ckanext-export {version('ckanext-export')}",
    )


def _url(query: Query, kind: type[Format]) -> str:
    parameters: dict[str, list[str]] = {}
    for name, value in query.parameters():
        parameters.setdefault(name, []).append(value)
    return tk.url_for(
        "export.download", format=kind.name, qualified=True, locale="default", **parameters
    )
