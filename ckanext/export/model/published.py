"""Published files: what each was made from, so that it can be made again or withdrawn.

A resource's own fields do not tell it for sure, because whoever may edit the dataset may drop them.
"""

from collections.abc import Sequence
from typing import Any

import ckantoolkit as tk
import sqlalchemy as sa
from ckan import model
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class Published(tk.BaseModel):
    """One file. `query`: its filters; `rules`: `orders.rules_of` the policy that made it."""

    __tablename__ = "export_published"

    resource_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    dataset_id: Mapped[str] = mapped_column(sa.Text)
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    format: Mapped[str] = mapped_column(sa.Text)
    rules: Mapped[str] = mapped_column(sa.Text)

    @classmethod
    def note(cls, **values: Any) -> None:
        """Joins the transaction that publishes the file."""
        model.Session.merge(cls(**values))

    @classmethod
    def by_other_rules(cls, rules: str) -> Sequence["Published"]:
        """Those that the current rules have not made."""
        found = model.Session.query(cls).filter(cls.rules != rules)
        return found.order_by(cls.dataset_id, cls.resource_id).all()

    @classmethod
    def drop(cls, ids: Sequence[str]) -> None:
        model.Session.execute(sa.delete(cls).where(cls.resource_id.in_(ids)))
