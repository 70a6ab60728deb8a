"""SQL: what administrators did. Written and read, never changed."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import AuditRecord


class Audit:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, record: AuditRecord) -> None:
        self._session.add(record)
        await self._session.flush()

    async def page(self, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """Newest first."""
        statement = select(AuditRecord).order_by(AuditRecord.position.desc()).limit(limit)
        if before is not None:
            statement = statement.where(AuditRecord.position < before)
        return (await self._session.scalars(statement)).all()
