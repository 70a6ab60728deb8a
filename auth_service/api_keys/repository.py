"""SQL: API keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import ApiKey


class ApiKeyRows:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: ApiKey) -> None:
        self._session.add(key)
        await self._session.flush()

    async def of(self, user_id: UUID) -> Sequence[ApiKey]:
        """Newest first, expired ones too: they are to be seen."""
        statement = select(ApiKey).where(ApiKey.user_id == user_id)
        return (await self._session.scalars(statement.order_by(ApiKey.created_at.desc(), ApiKey.id))).all()

    async def count(self, user_id: UUID) -> int:
        statement = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == user_id)
        return await self._session.scalar(statement) or 0

    async def delete(self, key_id: UUID, user_id: UUID) -> bool:
        statement = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == user_id)
        return await self._session.scalar(statement.returning(ApiKey.id)) is not None

    async def delete_all(self, user_id: UUID) -> Sequence[UUID]:
        statement = delete(ApiKey).where(ApiKey.user_id == user_id).returning(ApiKey.id)
        return (await self._session.scalars(statement)).all()

    async def touch(self, key_id: UUID, now: datetime, at_most_every: timedelta) -> None:
        stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - at_most_every)
        await self._session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def good(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
