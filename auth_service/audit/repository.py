"""SQL of the audit log. Records are added and read, never changed."""

from collections.abc import Sequence

from sqlalchemy import select, text

from auth_service.audit.model import AuditRecord
from auth_service.database.engine import Repository

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
