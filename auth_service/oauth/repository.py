"""SQL of provider logins in progress and of linked identities."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Repository
from auth_service.oauth.model import LinkedIdentity, OAuthAttempt, OAuthHandover
from auth_service.users.model import User

# Each insert deletes a few expired rows, so that the tables stay small without a background task.
PURGED_PER_INSERT = 20


class AttemptRepository(Repository):
    async def add(self, attempt: OAuthAttempt, now: datetime) -> None:
        await self._purge(now)
        await self.insert(attempt)

    async def take(self, state: bytes, browser: bytes, provider: str, now: datetime) -> OAuthAttempt | None:
        """Deletes and returns the attempt if everything matches. Otherwise it stays: knowing a state alone
        must not end another browser's login.
        """
        statement = delete(OAuthAttempt).where(
            OAuthAttempt.state == state,
            OAuthAttempt.browser == browser,
            OAuthAttempt.provider == provider,
            OAuthAttempt.expires_at > now,
        )
        return await self._session.scalar(statement.returning(OAuthAttempt))

    async def _purge(self, now: datetime) -> None:
        attempts = select(OAuthAttempt.state).where(OAuthAttempt.expires_at <= now).limit(PURGED_PER_INSERT)
        handovers = select(OAuthHandover.code).where(OAuthHandover.expires_at <= now).limit(PURGED_PER_INSERT)
        expired = attempts.with_for_update(skip_locked=True).scalar_subquery()
        await self._session.execute(delete(OAuthAttempt).where(OAuthAttempt.state.in_(expired)))
        expired = handovers.with_for_update(skip_locked=True).scalar_subquery()
        await self._session.execute(delete(OAuthHandover).where(OAuthHandover.code.in_(expired)))


class HandoverRepository(Repository):
    async def take(self, code: bytes, now: datetime) -> OAuthHandover | None:
        """Deletes and returns the handover, unless it has expired."""
        statement = delete(OAuthHandover).where(OAuthHandover.code == code, OAuthHandover.expires_at > now)
        return await self._session.scalar(statement.returning(OAuthHandover))

    async def delete_all(self, user_id: UUID) -> None:
        """Deletes the codes that would still sign in to this account."""
        await self._session.execute(delete(OAuthHandover).where(OAuthHandover.user_id == user_id))


class IdentityRepository(Repository):
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
