"""What the extension keeps in CKAN's database."""

import sqlalchemy as sa
from ckan import model

from .forgotten import Forgotten
from .job import Job
from .published import Published

__all__ = ["Forgotten", "Job", "Published", "is_migrated"]


def is_migrated() -> bool:
    """Whether `ckan db upgrade -p export` has been run."""
    there = sa.inspect(model.Session.connection()).get_table_names()
    return {table.__tablename__ for table in (Forgotten, Job, Published)} <= set(there)
