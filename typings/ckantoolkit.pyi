# ckantoolkit is CKAN's own toolkit under another name, filled when it is imported.
from ckan.plugins.toolkit import *
