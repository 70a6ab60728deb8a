"""SQL of provider logins in progress: attempts, and the handover codes for front ends."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from auth_service.database.engine import Transaction
from auth_service.oauth.model import OAuthAttempt, OAuthHandover

# Each insert deletes a few expired rows, so that the tables stay small without a background task.
PURGED_PER_INSERT = 20


class AttemptRepository:
    def __init__(self, transaction: Transaction) -> None:
        self._session = transaction

    async def add(self, attempt: OAuthAttempt, now: datetime) -> None:
        await self._purge(now)
        self._session.add(attempt)
        await self._session.flush()

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


class HandoverRepository:
    def __init__(self, transaction: Transaction) -> None:
        self._session = transaction

    async def add(self, handover: OAuthHandover) -> None:
        self._session.add(handover)
        await self._session.flush()

    async def take(self, code: bytes, now: datetime) -> OAuthHandover | None:
        """Deletes and returns the handover, unless it has expired."""
        statement = delete(OAuthHandover).where(OAuthHandover.code == code, OAuthHandover.expires_at > now)
        return await self._session.scalar(statement.returning(OAuthHandover))

    async def delete_all(self, user_id: UUID) -> None:
        """Deletes the codes that would still log in to this account."""
        await self._session.execute(delete(OAuthHandover).where(OAuthHandover.user_id == user_id))
