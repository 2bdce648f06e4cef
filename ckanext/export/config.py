"""One getter per configuration key; defaults stand in config_declaration.yaml alone."""

import hashlib
import hmac

import ckantoolkit as tk

from .errors import Misconfigured
from .lake import Storage
from .observations import COLUMNS

_SHORTEST_KEY = 16  # characters


def lake_url() -> str:
    return tk.config["ckanext.export.lake.url"]


def lake_columns() -> dict[str, str]:
    """Canonical column → the lake's own name. Raises Misconfigured."""
    columns = {}
    for pair in tk.config["ckanext.export.lake.columns"]:
        name, _, own = pair.partition("=")
        if name not in COLUMNS or not own:
            raise Misconfigured(
                inside=f"ckanext.export.lake.columns has {pair!r}, which is no column=name",
            )
        columns[name] = own
    return columns


def lake_storage() -> Storage:
    """How to open the object store that the lake is in. Raises Misconfigured."""
    pairs = (pair.partition("=") for pair in tk.config["ckanext.export.lake.storage"])
    return Storage.parse({name: value for name, _, value in pairs})


def lake_table() -> str:
    return tk.config["ckanext.export.lake.table"]


def access() -> str:
    return tk.config["ckanext.export.access"]


def max_concurrent() -> int:
    return tk.config["ckanext.export.max_concurrent"]


def patience() -> float:
    return float(tk.config["ckanext.export.patience"])


def summary_seconds() -> int:
    return tk.config["ckanext.export.summary.seconds"]


def page_title() -> str:
    return tk.config["ckanext.export.page.title"]


def page_introduction() -> str:
    return tk.config["ckanext.export.page.introduction"]


def privacy_key() -> bytes:
    """The configured key, or one derived from the portal's secret for this purpose alone.

    Raises Misconfigured when neither is good enough.
    """
    key = tk.config["ckanext.export.privacy.key"]
    if key and len(key) < _SHORTEST_KEY:
        raise Misconfigured(
            inside=f"ckanext.export.privacy.key has fewer than {_SHORTEST_KEY} characters",
        )
    if key:
        return key.encode()
    secret = tk.config["SECRET_KEY"]
    if not secret:
        raise Misconfigured(
            inside="neither ckanext.export.privacy.key nor SECRET_KEY is set",
        )
    return hmac.digest(secret.encode(), b"ckanext-export: pseudonyms of homes", hashlib.sha256)


def privacy_types() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.privacy.types"])


def privacy_attributes() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.privacy.attributes"])


def privacy_entities() -> str:
    return tk.config["ckanext.export.privacy.entities"]


def privacy_words() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.privacy.words"])


def privacy_texts() -> str:
    return tk.config["ckanext.export.privacy.texts"]


def privacy_known_texts() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.privacy.known_texts"])


def privacy_units() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.privacy.units"])


def privacy_time() -> str:
    return tk.config["ckanext.export.privacy.time"]


def min_homes() -> int:
    return tk.config["ckanext.export.privacy.min_homes"]


def name() -> str:
    return tk.config["ckanext.export.name"]


def dataset() -> str:
    return tk.config["ckanext.export.dataset"]


def dataset_type() -> str:
    return tk.config["ckanext.export.dataset_type"]


def title() -> str:
    return tk.config["ckanext.export.title"]


def notes() -> str:
    return tk.config["ckanext.export.notes"]


def license_id() -> str:
    return tk.config["ckanext.export.license_id"]


def owner_org() -> str:
    return tk.config["ckanext.export.owner_org"]


def author() -> str:
    return tk.config["ckanext.export.author"]


def author_email() -> str:
    return tk.config["ckanext.export.author_email"]


def url() -> str:
    return tk.config["ckanext.export.url"]


def tags() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.tags"])


def escape_formulas() -> bool:
    return tk.config["ckanext.export.csv.escape_formulas"]


def job_timeout() -> int:
    return tk.config["ckanext.export.job_timeout"]


def publish_dataset() -> str:
    return tk.config["ckanext.export.publish.dataset"]


def publish_formats() -> tuple[str, ...]:
    return tuple(tk.config["ckanext.export.publish.formats"])


def publish_datastore() -> bool:
    return tk.config["ckanext.export.publish.datastore"]


def prepare_days() -> int:
    return tk.config["ckanext.export.prepare.days"]


def prepare_most() -> int:
    return tk.config["ckanext.export.prepare.most"]


def prepare_storage() -> str:
    return tk.config["ckanext.export.prepare.storage"]
