"""The audit log table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class AuditRecord(Table):
    """An administrative action. Without foreign keys: records outlive the accounts that they name.

    `actor_id` is None for an action at a command line.
    """

    __tablename__ = "audit"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_id: Mapped[UUID | None]
    address: Mapped[str | None]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]]
