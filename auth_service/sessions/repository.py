"""SQL: sessions and their refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import RefreshToken, SignIn


class Spent(msgspec.Struct, frozen=True):
    """A refresh token that was used before: when, and what turns it into its successor."""

    session_id: UUID
    spent_at: datetime
    successor_salt: bytes


class SignIns:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, session: SignIn) -> None:
        self._session.add(session)
        await self._session.flush()

    async def add_refresh_token(self, fingerprint: bytes, session_id: UUID, now: datetime) -> None:
        self._session.add(RefreshToken(fingerprint=fingerprint, session_id=session_id, created_at=now))
        await self._session.flush()

    async def spend(self, fingerprint: bytes, salt: bytes, now: datetime) -> UUID | None:
        """Its session, the first time only: of two who spend it at once, one waits and finds it spent."""
        statement = update(RefreshToken).where(RefreshToken.fingerprint == fingerprint)
        statement = statement.where(RefreshToken.spent_at.is_(None))
        statement = statement.values(spent_at=now, successor_salt=salt)
        return await self._session.scalar(statement.returning(RefreshToken.session_id))

    async def spent(self, fingerprint: bytes) -> Spent | None:
        columns = (RefreshToken.session_id, RefreshToken.spent_at, RefreshToken.successor_salt)
        statement = select(*columns).where(RefreshToken.fingerprint == fingerprint)
        row = (await self._session.execute(statement)).one_or_none()
        return (
            Spent(row.session_id, row.spent_at, row.successor_salt or b"") if row and row.spent_at else None
        )

    async def is_unspent(self, fingerprint: bytes) -> bool:
        statement = select(RefreshToken.session_id).where(
            RefreshToken.fingerprint == fingerprint, RefreshToken.spent_at.is_(None)
        )
        return await self._session.scalar(statement) is not None

    async def live(self, session_id: UUID, now: datetime) -> SignIn | None:
        """Locked until the transaction ends."""
        statement = select(SignIn).where(SignIn.id == session_id, *live(now)).with_for_update()
        return await self._session.scalar(statement)

    async def of(self, user_id: UUID, now: datetime) -> Sequence[SignIn]:
        """Live ones, the one used last first."""
        statement = select(SignIn).where(SignIn.user_id == user_id, *live(now))
        ordered = statement.order_by(SignIn.last_used_at.desc(), SignIn.id)
        return (await self._session.scalars(ordered)).all()

    async def revoke(self, session_id: UUID, now: datetime, *, of: UUID | None = None) -> UUID | None:
        """Its user, or None when it was revoked before, never existed or is not `of` that user."""
        statement = update(SignIn).where(SignIn.id == session_id, SignIn.revoked_at.is_(None))
        if of is not None:
            statement = statement.where(SignIn.user_id == of, *live(now))
        return await self._session.scalar(statement.values(revoked_at=now).returning(SignIn.user_id))

    async def revoke_all(self, user_id: UUID, now: datetime, *, keep: UUID | None = None) -> Sequence[UUID]:
        """Those that were live, in the order of their ids, in which they are locked."""
        mine = select(SignIn.id).where(SignIn.user_id == user_id, *live(now)).order_by(SignIn.id)
        if keep is not None:
            mine = mine.where(SignIn.id != keep)
        ids = (await self._session.scalars(mine.with_for_update())).all()
        await self._session.execute(update(SignIn).where(SignIn.id.in_(ids)).values(revoked_at=now))
        return ids

    async def forget_spent(self, spent_before: datetime, limit: int) -> int:
        """Deletes up to `limit` refresh tokens that were spent long ago; how many."""
        old = select(RefreshToken.fingerprint).where(RefreshToken.spent_at < spent_before).limit(limit)
        statement = delete(RefreshToken).where(RefreshToken.fingerprint.in_(old))
        return len((await self._session.scalars(statement.returning(RefreshToken.fingerprint))).all())

    async def forget(self, expired_before: datetime, limit: int) -> int:
        """Deletes up to `limit` long expired sessions with their refresh tokens; how many."""
        old = select(SignIn.id).where(SignIn.expires_at < expired_before).limit(limit)
        removed = await self._session.scalars(delete(SignIn).where(SignIn.id.in_(old)).returning(SignIn.id))
        return len(removed.all())


def live(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """ASVS 5.0 §7.3.1 and §7.3.2: neither idle for too long nor too old."""
    return SignIn.revoked_at.is_(None), SignIn.expires_at > now, SignIn.idle_until > now
