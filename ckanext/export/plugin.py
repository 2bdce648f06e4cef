"""The CKAN plugin: it only says which parts of the extension the portal takes up."""

import ckantoolkit as tk
from ckan import plugins as p


class ExportPlugin(p.SingletonPlugin):
    """Adds the Export API to the portal."""

    p.implements(p.IBlueprint)

    def get_blueprint(self):
        from flask import Blueprint

        blueprint = Blueprint("export", __name__, url_prefix="/api/export")
        blueprint.add_url_rule("/formats", "formats", lambda: "csv, json, xml")
        return blueprint


_ = tk
