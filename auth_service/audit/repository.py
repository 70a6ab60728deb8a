"""SQL: what administrators did. Written and read, never changed."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import AuditRecord

# Any number will do, as long as nobody else in this database takes it.
RECORDING_LOCK = 0x746F_6E65_6175_6469  # "toneaudi"


class Audit:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, record: AuditRecord) -> None:
        self._session.add(record)
        await self._session.flush()

    async def is_recorded(self, request_id: str) -> bool:
        """Until the transaction ends nobody else can ask, so the answer stays true."""
        await self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RECORDING_LOCK})
        statement = select(AuditRecord.position).where(AuditRecord.request_id == request_id).limit(1)
        return await self._session.scalar(statement) is not None

    async def page(self, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """Newest first."""
        statement = select(AuditRecord).order_by(AuditRecord.position.desc()).limit(limit)
        if before is not None:
            statement = statement.where(AuditRecord.position < before)
        return (await self._session.scalars(statement)).all()
