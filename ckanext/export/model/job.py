"""Jobs: exports that run in the background, for a dataset of the portal or for one person.

They are rows of CKAN's database, not keys in Redis, because they must outlive it: a prepared file
has to be found to be deleted, its owner has the address for days, and what a month was published
from says whether it has to be published again.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import ckantoolkit as tk
import sqlalchemy as sa
from ckan import model
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

WAITING, RUNNING = "waiting", "running"
COMPLETE, FAILED, CANCELLED = "complete", "failed", "cancelled"
UNFINISHED = (WAITING, RUNNING)

PUBLISH, PREPARE, RENEW = "publish", "prepare", "renew"


def _now() -> datetime:
    return datetime.now(UTC)


class Job(tk.BaseModel):
    """`asked`: the filters, formats and what else was asked for; `result`: what came of it."""

    __tablename__ = "export_job"

    id: Mapped[str] = mapped_column(sa.Text, primary_key=True, default=lambda: str(uuid.uuid4()))
    kind: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.Text, default=WAITING)
    user_id: Mapped[str] = mapped_column(sa.Text)
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), default=_now)
    started: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    ended: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    percent: Mapped[int] = mapped_column(sa.Integer, default=0)
    rows: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    @classmethod
    def get(cls, id: str) -> "Job | None":
        return model.Session.get(cls, id)

    @classmethod
    def last(cls, number: int, **conditions: Any) -> Sequence["Job"]:
        """The newest first."""
        found = model.Session.query(cls).filter_by(**conditions)
        return found.order_by(cls.created.desc()).limit(number).all()

    @property
    def seconds(self) -> float | None:
        """How long it took, or takes until now."""
        if self.started is None:
            return None
        return round(((self.ended or _now()) - self.started).total_seconds(), 1)

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def waited(self) -> float:
        """Seconds since it was asked for."""
        return (_now() - self.created).total_seconds()

    @classmethod
    def begin(cls, id: str) -> bool:
        """Takes a waiting job; False when it is no longer waiting."""
        return cls._change(id, [WAITING], state=RUNNING, started=_now())

    @classmethod
    def advance(cls, id: str, percent: int, rows: int, size: int) -> bool:
        """Notes how far it is; False when it was cancelled in the meantime."""
        return cls._change(id, [RUNNING], percent=percent, rows=rows, bytes=size)

    @classmethod
    def end(cls, id: str, state: str, error: str = "", **values: Any) -> bool:
        """Ends a job that has not ended yet. What is complete is so, even if it was cancelled
        a moment before."""
        before = [*UNFINISHED, *([CANCELLED] if state == COMPLETE else [])]
        return cls._change(id, before, state=state, error=error, ended=_now(), **values)

    @classmethod
    def _change(cls, id: str, states: list[str], **values: Any) -> bool:
        """One statement, so that a worker and who cancels cannot overwrite each other."""
        changed = model.Session.execute(
            sa.update(cls).where(cls.id == id, cls.state.in_(states)).values(**values)
        )
        model.Session.commit()
        return changed.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]
