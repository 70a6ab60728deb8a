"""The outbox table."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class StoredEvent(Table):
    """An event to be published. `envelope` is the encoded message body."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "claimed_until"),)

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    envelope: Mapped[bytes]
    claimed_until: Mapped[datetime | None]
