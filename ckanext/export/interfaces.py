"""What other extensions may add to the Export API."""

from collections.abc import Iterable, Mapping

from ckan.exceptions import CkanConfigurationException
from ckan.plugins import Interface, PluginImplementations

from . import formats, lake
from .errors import Misconfigured
from .formats import Format
from .lake import Lake

__all__ = ["IExport"]


class IExport(Interface):
    """Adds formats and lakes to the Export API, for as long as the plugin is loaded."""

    def get_export_formats(self) -> Iterable[type[Format]]:
        """Formats, offered after those of the portal itself."""
        return ()

    def get_export_lakes(self) -> Mapping[str, type[Lake]]:
        """Scheme of a lake's URL → the kind of lake that reads it."""
        return {}


def offer() -> None:
    """Opens the registries to the plugins. They are asked anew at every look, so that nothing
    stays behind when one is unloaded. Raises CkanConfigurationException for what cannot be added.
    """
    formats.extend(_formats)
    lake.extend(_lakes)
    try:
        formats.registry()
        lake.kinds()
    except Misconfigured as error:
        raise CkanConfigurationException(error.inside) from error


def _formats() -> Iterable[type[Format]]:
    for plugin in PluginImplementations(IExport):
        yield from plugin.get_export_formats()


def _lakes() -> Iterable[tuple[str, type[Lake]]]:
    for plugin in PluginImplementations(IExport):
        yield from plugin.get_export_lakes().items()
