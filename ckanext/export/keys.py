"""The keys of pseudonyms and of forgotten homes, and which homes are forgotten.

Both live in CKAN's `system_info`, beside which neither the configuration nor a restart matters.
They are read anew by whoever asks, so that every process follows at once.
"""

import hashlib
import hmac
import secrets

import sqlalchemy as sa
from ckan import model
from ckan.model.system_info import system_info_table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import ProgrammingError

from . import config
from .errors import Misconfigured
from .model import Forgotten
from .privacy.policy import forgotten_hash

_ROTATION = "ckanext.export.privacy.rotation"
_FORGET_KEY = "ckanext.export.privacy.forget_key"
_SIZE = 32  # random bytes


def pseudonym_key() -> bytes:
    """The configured key, or what the last rotation has made of it. Raises Misconfigured."""
    key, salt = config.privacy_key(), _stored(_ROTATION)
    if salt is None:
        return key
    return hmac.digest(key, b"rotation\0" + salt.encode(), hashlib.sha256)


def rotate() -> None:
    """From now on every home has another pseudonym and every unknown word another token."""
    fresh = secrets.token_hex(_SIZE)
    new = insert(system_info_table).values(key=_ROTATION, value=fresh, state="active")
    model.Session.execute(
        new.on_conflict_do_update(index_elements=[system_info_table.c.key], set_={"value": fresh})
    )
    model.Session.commit()


def forgotten() -> tuple[bytes, frozenset[str]]:
    """The key, and by it the hashes of the homes that must never leave.

    Raises Misconfigured when it cannot be known which they are.
    """
    try:
        hashes = Forgotten.hashes()
    except ProgrammingError as error:
        raise Misconfigured(
            inside="the table of forgotten homes is missing: run `ckan db upgrade -p export`"
        ) from error
    key = _stored(_FORGET_KEY)
    if hashes and key is None:
        raise Misconfigured(
            inside=f"{_FORGET_KEY} is missing from CKAN's table system_info, so that forgotten "
            "homes cannot be told from others: restore it from a backup"
        )
    return (key or "").encode(), hashes


def forgotten_state() -> str:
    """Another text whenever another set of homes is forgotten; empty while none is."""
    return state_of(forgotten()[1])


def state_of(hashes: frozenset[str]) -> str:
    return hashlib.sha256(" ".join(sorted(hashes)).encode()).hexdigest()[:16] if hashes else ""


def forget(home: str) -> bool:
    """Whether it was not forgotten before. It is at once, in every process."""
    forgotten()  # a key that was lost must not be replaced
    values = {"key": _FORGET_KEY, "value": secrets.token_hex(_SIZE), "state": "active"}
    model.Session.execute(insert(system_info_table).values(values).on_conflict_do_nothing())
    key, _ = forgotten()
    return Forgotten.add(forgotten_hash(key, home))


def remember(home: str) -> bool:
    """Whether it was forgotten before."""
    key, _ = forgotten()
    return Forgotten.remove(forgotten_hash(key, home))


def _stored(name: str) -> str | None:
    return model.Session.scalar(
        sa.select(system_info_table.c.value).where(system_info_table.c.key == name)
    )
