"""The CKAN plugin: it only says which parts of the extension the portal takes up."""

import ckantoolkit as tk
from ckan import plugins as p
from ckan.common import CKANConfig

from . import interfaces


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
class ExportPlugin(p.SingletonPlugin):
    """Adds the Export API to the portal."""

    p.implements(p.IConfigurer)

    def update_config(self, config: CKANConfig) -> None:
        tk.add_template_directory(config, "templates")
        interfaces.offer()
