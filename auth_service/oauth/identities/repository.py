"""SQL: who accounts are at issuers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import LinkedIdentity, User


class Identities:
    """Accounts that are returned cannot be disabled, changed or deleted until the transaction ends."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owner(self, issuer: str, subject: str) -> User | None:
        statement = select(User).join(LinkedIdentity, LinkedIdentity.user_id == User.id)
        statement = statement.where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
        return await self._session.scalar(statement.with_for_update(read=True, of=User))

    async def namesake(self, canonical: str) -> User | None:
        """Whose address it is."""
        statement = select(User).where(User.email_canonical == canonical)
        return await self._session.scalar(statement.with_for_update(read=True))

    async def account(self, user_id: UUID) -> User | None:
        return await self._session.scalar(select(User).where(User.id == user_id).with_for_update(read=True))

    async def subject(self, issuer: str, user_id: UUID) -> str | None:
        """Who the account is there already."""
        statement = select(LinkedIdentity.subject).where(LinkedIdentity.issuer == issuer)
        return await self._session.scalar(statement.where(LinkedIdentity.user_id == user_id))

    async def link(self, issuer: str, subject: str, user_id: UUID, now: datetime) -> bool:
        """False when another transaction was faster, for this identity or for this account."""
        statement = insert(LinkedIdentity).values(
            issuer=issuer, subject=subject, user_id=user_id, created_at=now, last_used_at=now
        )
        added = await self._session.scalar(
            statement.on_conflict_do_nothing().returning(LinkedIdentity.user_id)
        )
        return added is not None

    async def of(self, user_id: UUID) -> Sequence[LinkedIdentity]:
        """The oldest first."""
        statement = select(LinkedIdentity).where(LinkedIdentity.user_id == user_id)
        ordered = statement.order_by(LinkedIdentity.created_at, LinkedIdentity.issuer)
        return (await self._session.scalars(ordered)).all()

    async def unlink(self, issuer: str, subject: str) -> None:
        statement = delete(LinkedIdentity).where(LinkedIdentity.issuer == issuer)
        await self._session.execute(statement.where(LinkedIdentity.subject == subject))

    async def forget(self, user_id: UUID) -> None:
        """From now on no provider opens this account."""
        await self._session.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user_id))

    async def used(self, issuer: str, subject: str, now: datetime) -> None:
        statement = update(LinkedIdentity).values(last_used_at=now)
        await self._session.execute(
            statement.where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
        )
