"""What the portal would find wrong with the dataset of an export, before anybody makes one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import ckantoolkit as tk
from ckan import model
from ckan.lib import plugins as package_plugins
from ckan.plugins import IDatasetForm, PluginImplementations

from . import config, orders, template
from .formats import registry
from .package.contents import Contents, DataFile, Member, Tally
from .package.dataset import dataset
from .query import Query

_SAMPLE = datetime(2000, 1, 1, tzinfo=UTC)
# What DCAT-AP asks of every dataset; CKAN itself does without.
_DCAT = ("title", "notes")


def shortcomings() -> list[str]:
    """Sentences about the template dataset, and about the fields that the type of dataset asks
    for. Raises Misconfigured."""
    return [*_about_the_template(), *_about_the_dataset(_sample())]


def _about_the_template() -> Iterator[str]:
    name = config.dataset()
    if not name:
        return
    found = model.Package.get(name)
    if found is None or found.state != "active":
        yield f"The template dataset {name} (ckanext.export.dataset) is not there."
    elif not template.read(""):
        yield (
            f"The template dataset {name} is not public: exports of visitors who may not read it "
            "are described by the configuration alone."
        )


def _sample() -> dict[str, Any]:
    """The dataset of an export in all formats, as the portal itself sees the template."""
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    order = orders.order(Query(), list(registry().values()), user=user)
    files = [DataFile(kind, Member(kind.name, 1, "0" * 64)) for kind in order.formats]
    tally = Tally(rows=1, homes={""}, first=_SAMPLE, last=_SAMPLE)
    return dataset(
        Contents(
            *(order.description, order.query, order.policy, order.generated),
            *(None, True, tally, {}, tuple(files)),
        )
    )


def _about_the_dataset(sample: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name}: Missing value" for name in _DCAT if not sample.get(name))
    kind = sample.setdefault("type", "dataset")
    known = {name for form in PluginImplementations(IDatasetForm) for name in form.package_types()}
    if kind not in known | {"dataset"}:
        yield f"type: No extension of the portal knows the type {kind}."
    plugin = package_plugins.lookup_package_plugin(kind)
    user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    context: Any = {"model": model, "session": model.Session, "user": user, "ignore_auth": True}
    schema = plugin.create_package_schema()
    _, errors = package_plugins.plugin_validate(plugin, context, sample, schema, "package_create")
    yield from dict.fromkeys(_sentences(errors))


def _sentences(errors: Mapping[str, Any], where: str = "") -> Iterator[str]:
    for name, found in errors.items():
        for error in found if isinstance(found, list) else [found]:
            if isinstance(error, Mapping):
                yield from _sentences(error, f"{where}{name}: ")
            else:
                yield f"{where}{name}: {error}"
