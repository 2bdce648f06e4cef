"""The CKAN plugin: it only says which parts of the extension the portal takes up."""

import ckantoolkit as tk
from ckan import plugins as p
from ckan.common import CKANConfig
from ckan.lib.plugins import DefaultTranslation

from . import interfaces, prepare


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class ExportPlugin(p.SingletonPlugin, DefaultTranslation):
    """Adds the Export API to the portal."""

    p.implements(p.IConfigurer)
    p.implements(p.ITranslation)

    def update_config(self, config: CKANConfig) -> None:
        tk.add_template_directory(config, "templates")
        interfaces.offer()
        prepare.declare_storage(config)
        tk.add_resource("assets", "export")
