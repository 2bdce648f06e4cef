"""Homes that must be forgotten: of each a keyed hash, and nothing else."""

from datetime import UTC, datetime

import ckantoolkit as tk
import sqlalchemy as sa
from ckan import model
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column


class Forgotten(tk.BaseModel):
    """`hash`: what `privacy.forgotten_hash` makes of the home's id."""

    __tablename__ = "export_forgotten"

    hash: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    @classmethod
    def hashes(cls) -> frozenset[str]:
        """As they are now. Raises sqlalchemy.exc.ProgrammingError without the table, and leaves
        what else the transaction does as it is."""
        with model.Session.begin_nested():
            return frozenset(model.Session.scalars(sa.select(cls.hash)))

    @classmethod
    def add(cls, hash: str) -> bool:
        """Whether it was not there."""
        new = insert(cls).values(hash=hash, since=datetime.now(UTC)).on_conflict_do_nothing()
        return cls._change(new.returning(cls.hash))

    @classmethod
    def remove(cls, hash: str) -> bool:
        """Whether it was there."""
        return cls._change(sa.delete(cls).where(cls.hash == hash).returning(cls.hash))

    @classmethod
    def _change(cls, statement: sa.Executable) -> bool:
        changed = model.Session.execute(statement).first() is not None
        model.Session.commit()
        return changed
