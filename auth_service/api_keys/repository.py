"""SQL of API keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, delete, func, or_, select, update

from auth_service.api_keys.model import ApiKey
from auth_service.database.engine import Repository


class ApiKeyRepository(Repository):
    async def list(self, user_id: UUID) -> Sequence[ApiKey]:
        """The user's API keys, newest first, including expired ones."""
        statement = select(ApiKey).where(ApiKey.user_id == user_id)
        return (await self._session.scalars(statement.order_by(ApiKey.created_at.desc(), ApiKey.id))).all()

    async def count(self, user_id: UUID) -> int:
        statement = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == user_id)
        return await self._session.scalar(statement) or 0

    async def delete(self, key_id: UUID, user_id: UUID) -> bool:
        """Deletes an API key; returns False if the user has no such key."""
        statement = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == user_id)
        return await self._session.scalar(statement.returning(ApiKey.id)) is not None

    async def delete_all(self, user_id: UUID) -> Sequence[UUID]:
        """Deletes all API keys of a user; returns their ids."""
        statement = delete(ApiKey).where(ApiKey.user_id == user_id).returning(ApiKey.id)
        return (await self._session.scalars(statement)).all()

    async def touch(self, key_id: UUID, now: datetime, at_most_every: timedelta) -> None:
        """Sets `last_used_at` unless it is newer than `at_most_every`."""
        stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - at_most_every)
        await self._session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def is_unexpired(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
