"""From a request to an order: all that the portal has to say, gathered before the first byte.

CKAN closes its database session when a view has returned, and the bytes flow later.
"""

from collections.abc import Sequence
from importlib.metadata import version

import ckantoolkit as tk
from ckan import model

from . import config
from .export import Order
from .formats import Format
from .formats.base import Options
from .lake import Lake, open_lake
from .package.contents import Description
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


def order(query: Query, formats: Sequence[type[Format]]) -> Order:
    """The export of a query. Raises Misconfigured."""
    return Order(
        query=query,
        formats=formats,
        policy=policy(),
        description=_description(query, formats),
        options=Options(escape_formulas=config.escape_formulas()),
        patience=config.patience(),
        software=f"ckanext-export {version('ckanext-export')}",
    )


def _description(query: Query, formats: Sequence[type[Format]]) -> Description:
    register = model.Package.get_license_register()
    licence = register.get(config.license_id())
    urls = {kind: _url(query, kind) for kind in formats}
    return Description(
        name=config.name(),
        title=config.title(),
        resource_url=urls.__getitem__,
        notes=config.notes(),
        license_id=config.license_id(),
        license_title=licence.title if licence else "",
        license_url=licence.url if licence else "",
        owner_org=config.owner_org(),
        author=config.author(),
        author_email=config.author_email(),
        url=config.url(),
        tags=config.tags(),
    )


def _url(query: Query, kind: type[Format]) -> str:
    parameters: dict[str, list[str]] = {}
    for name, value in query.parameters():
        parameters.setdefault(name, []).append(value)
    return tk.url_for(
        "export.download", format=kind.name, qualified=True, locale="default", **parameters
    )
