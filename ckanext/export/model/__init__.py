"""What the extension keeps in CKAN's database."""

import sqlalchemy as sa
from ckan import model

from .job import Job

__all__ = ["Job", "is_migrated"]


def is_migrated() -> bool:
    """Whether `ckan db upgrade -p export` has been run."""
    return sa.inspect(model.Session.connection()).has_table(Job.__tablename__)
