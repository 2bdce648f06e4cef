"""From a request to an order: all that the portal has to say, gathered before the first byte.

CKAN closes its database session when a view has returned, and the bytes flow later.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from importlib.metadata import version

import ckantoolkit as tk

from . import config, keys, template
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
    """The portal's privacy rules, as they are now. Raises Misconfigured."""
    forget_key, forgotten = keys.forgotten()
    return Policy(
        key=keys.pseudonym_key(),
        types=config.privacy_types(),
        attributes=config.privacy_attributes(),
        min_homes=config.min_homes(),
        entity_mode=config.privacy_entities(),
        words=config.privacy_words(),
        text_mode=config.privacy_texts(),
        texts=config.privacy_known_texts(),
        units=config.privacy_units(),
        time_step=config.privacy_time(),
        forget_key=forget_key,
        forgotten=forgotten,
    )


_KEYS = ("key", "forget_key")


def rules() -> str:
    """`rules_of` the portal's policy as it is now. Raises Misconfigured."""
    return rules_of(policy())


def rules_of(policy: Policy) -> str:
    """Another text whenever what a policy lets through may differ; tells nothing of its keys."""
    rules = [(field.name, getattr(policy, field.name)) for field in fields(policy)]
    told = [(name, value) for name, value in rules if name not in (*_KEYS, "forgotten")]
    told += [("key_id", policy.key_id), ("forgotten", sorted(policy.forgotten))]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


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
    return tk.url_for(
        "export.download", format=kind.name, qualified=True, locale="default", **query.lists()
    )
