"""The activity table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class ActivityRecord(Table):
    """A security event. Without foreign keys: records outlive the accounts and sessions that they name.

    `user_id` is None for a login with an unknown address; `session_id` is a session or an API key.
    """

    __tablename__ = "activity"
    __table_args__ = (Index(None, "user_id", "position"), Index(None, "at"))

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str]
    result: Mapped[str]
    user_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]]
