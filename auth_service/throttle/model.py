"""The tables of event counters and known networks."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class Counter(Table):
    """A count of rate-limited events. `key` is a digest of the kind of event and its subject; the count
    restarts after `forget_at`.
    """

    __tablename__ = "tallies"
    __table_args__ = (Index(None, "forget_at"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    forget_at: Mapped[datetime]


class KnownNetwork(Table):
    """A network from which the account's owner has signed in before."""

    __tablename__ = "known_networks"
    __table_args__ = (Index(None, "seen_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class Count(msgspec.Struct, frozen=True):
    """The current value of a counter."""

    count: int
    last_at: datetime
    forget_at: datetime
