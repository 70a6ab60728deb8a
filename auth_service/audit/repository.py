"""The audit log table and its SQL. Records are added and read, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, select, text
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.engine import Repository
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


# An arbitrary number that is not used for another lock in this database.
RECORDING_LOCK = 0x746F_6E65_6175_6469  # "toneaudi"


class AuditRepository(Repository):
    async def is_recorded(self, request_id: str) -> bool:
        """True if a record with this request id exists. Serialises its callers until their transactions
        end.
        """
        await self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RECORDING_LOCK})
        statement = select(AuditRecord.position).where(AuditRecord.request_id == request_id).limit(1)
        return await self._session.scalar(statement) is not None

    async def page(self, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """A page of records, newest first."""
        statement = select(AuditRecord).order_by(AuditRecord.position.desc()).limit(limit)
        if before is not None:
            statement = statement.where(AuditRecord.position < before)
        return (await self._session.scalars(statement)).all()
