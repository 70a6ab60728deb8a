"""SQL of linked identities."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Transaction
from auth_service.oauth.identities.model import LinkedIdentity
from auth_service.users.model import User


class IdentityRepository:
    def __init__(self, transaction: Transaction) -> None:
        self._session = transaction

    async def share_lock_owner(self, issuer: str, subject: str) -> User | None:
        """Selects the account of an identity FOR SHARE."""
        statement = select(User).join(LinkedIdentity, LinkedIdentity.user_id == User.id)
        statement = statement.where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
        return await self._session.scalar(statement.with_for_update(read=True, of=User))

    async def find_subject(self, issuer: str, user_id: UUID) -> str | None:
        """The subject that the account is linked to at this issuer."""
        statement = select(LinkedIdentity.subject).where(LinkedIdentity.issuer == issuer)
        return await self._session.scalar(statement.where(LinkedIdentity.user_id == user_id))

    async def link(self, issuer: str, subject: str, user_id: UUID, now: datetime) -> bool:
        """Links an identity; returns False if a concurrent transaction has linked it or the account
        before.
        """
        statement = insert(LinkedIdentity).values(
            issuer=issuer, subject=subject, user_id=user_id, created_at=now, last_used_at=now
        )
        added = await self._session.scalar(
            statement.on_conflict_do_nothing().returning(LinkedIdentity.user_id)
        )
        return added is not None

    async def list(self, user_id: UUID) -> Sequence[LinkedIdentity]:
        """The identities of an account, oldest first."""
        statement = select(LinkedIdentity).where(LinkedIdentity.user_id == user_id)
        ordered = statement.order_by(LinkedIdentity.created_at, LinkedIdentity.issuer)
        return (await self._session.scalars(ordered)).all()

    async def unlink(self, issuer: str, subject: str) -> None:
        statement = delete(LinkedIdentity).where(LinkedIdentity.issuer == issuer)
        await self._session.execute(statement.where(LinkedIdentity.subject == subject))

    async def unlink_all(self, user_id: UUID) -> None:
        await self._session.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user_id))

    async def touch(self, issuer: str, subject: str, now: datetime) -> None:
        """Sets `last_used_at` of an identity."""
        statement = update(LinkedIdentity).values(last_used_at=now)
        await self._session.execute(
            statement.where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
        )
