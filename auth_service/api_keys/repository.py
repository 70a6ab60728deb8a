"""The API keys table and its SQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, Index, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.engine import Repository
from auth_service.database.table import Table


class ApiKey(Table):
    """An API key of an account, by its SHA-256. `hint` is the start of the key, shown to its owner."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    fingerprint: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    hint: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


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
