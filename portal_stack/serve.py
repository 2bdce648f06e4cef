"""The WSGI application that gunicorn serves: CKAN with the configuration of this portal."""

import os
from logging.config import fileConfig

from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

_ini = os.environ["PORTAL_CKAN_INI"]
_config = CKANConfigLoader(_ini).get_config()
# CKAN's loader silences the loggers that exist already, gunicorn's among them.
fileConfig(_ini, disable_existing_loggers=False)
application = make_app(_config)
