"""SQL: sign-ins with providers that are under way. Each is taken out once, however many ask at once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import OAuthAttempt, OAuthHandover

# Each that is put in takes a few old ones out, so that the tables stay small without anybody's round.
SWEPT_AT_ONCE = 20


class Attempts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, attempt: OAuthAttempt, now: datetime) -> None:
        await self._sweep(now)
        self._session.add(attempt)
        await self._session.flush()

    async def take(self, state: bytes, browser: bytes, provider: str, now: datetime) -> OAuthAttempt | None:
        """None unless all of it fits. One that does not fit stays: knowing a state alone ends nobody's."""
        statement = delete(OAuthAttempt).where(
            OAuthAttempt.state == state,
            OAuthAttempt.browser == browser,
            OAuthAttempt.provider == provider,
            OAuthAttempt.expires_at > now,
        )
        return await self._session.scalar(statement.returning(OAuthAttempt))

    async def hand_over(self, handover: OAuthHandover) -> None:
        self._session.add(handover)
        await self._session.flush()

    async def take_over(self, code: bytes, now: datetime) -> OAuthHandover | None:
        statement = delete(OAuthHandover).where(OAuthHandover.code == code, OAuthHandover.expires_at > now)
        return await self._session.scalar(statement.returning(OAuthHandover))

    async def forget(self, user_id: UUID) -> None:
        """One-time codes that would still sign in."""
        await self._session.execute(delete(OAuthHandover).where(OAuthHandover.user_id == user_id))

    async def _sweep(self, now: datetime) -> None:
        attempts = select(OAuthAttempt.state).where(OAuthAttempt.expires_at <= now).limit(SWEPT_AT_ONCE)
        handovers = select(OAuthHandover.code).where(OAuthHandover.expires_at <= now).limit(SWEPT_AT_ONCE)
        oldest = attempts.with_for_update(skip_locked=True).scalar_subquery()
        await self._session.execute(delete(OAuthAttempt).where(OAuthAttempt.state.in_(oldest)))
        oldest = handovers.with_for_update(skip_locked=True).scalar_subquery()
        await self._session.execute(delete(OAuthHandover).where(OAuthHandover.code.in_(oldest)))
