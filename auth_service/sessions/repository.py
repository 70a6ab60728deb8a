"""SQL of sessions and refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, delete, select, update

from auth_service.database.engine import Repository
from auth_service.sessions.model import PendingLogin, RefreshToken, Session, SpentToken


class SessionRepository(Repository):
    async def lock_live(self, session_id: UUID, now: datetime) -> Session | None:
        """Selects a live session FOR UPDATE."""
        statement = select(Session).where(Session.id == session_id, *is_live(now)).with_for_update()
        return await self._session.scalar(statement)

    async def list_live(self, user_id: UUID, now: datetime) -> Sequence[Session]:
        """The user's live sessions, the most recently used first."""
        statement = select(Session).where(Session.user_id == user_id, *is_live(now))
        ordered = statement.order_by(Session.last_used_at.desc(), Session.id)
        return (await self._session.scalars(ordered)).all()

    async def revoke(self, session_id: UUID, now: datetime, *, owner: UUID | None = None) -> UUID | None:
        """Revokes a session and returns its user; None if it was revoked before or does not exist.

        With `owner`: also None if the session is another user's or no longer live.
        """
        statement = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None))
        if owner is not None:
            statement = statement.where(Session.user_id == owner, *is_live(now))
        return await self._session.scalar(statement.values(revoked_at=now).returning(Session.user_id))

    async def revoke_all(self, user_id: UUID, now: datetime, *, keep: UUID | None = None) -> Sequence[UUID]:
        """Revokes the live sessions but `keep`; returns their ids, in the order in which they are locked."""
        mine = select(Session.id).where(Session.user_id == user_id, *is_live(now)).order_by(Session.id)
        if keep is not None:
            mine = mine.where(Session.id != keep)
        ids = (await self._session.scalars(mine.with_for_update())).all()
        await self._session.execute(update(Session).where(Session.id.in_(ids)).values(revoked_at=now))
        return ids

    async def purge(self, expired_before: datetime, limit: int) -> int:
        """Deletes up to `limit` sessions and their refresh tokens; returns the number of sessions."""
        old = select(Session.id).where(Session.expires_at < expired_before).limit(limit)
        removed = await self._session.scalars(
            delete(Session).where(Session.id.in_(old)).returning(Session.id)
        )
        return len(removed.all())


class RefreshTokenRepository(Repository):
    async def add(self, fingerprint: bytes, session_id: UUID, now: datetime) -> None:
        await self.insert(RefreshToken(fingerprint=fingerprint, session_id=session_id, created_at=now))

    async def spend(self, fingerprint: bytes, salt: bytes, now: datetime) -> UUID | None:
        """Marks the token as spent and returns its session; None if unknown or spent before.

        Of two concurrent calls, one waits and gets None.
        """
        statement = update(RefreshToken).where(RefreshToken.fingerprint == fingerprint)
        statement = statement.where(RefreshToken.spent_at.is_(None))
        statement = statement.values(spent_at=now, successor_salt=salt)
        return await self._session.scalar(statement.returning(RefreshToken.session_id))

    async def find_spent(self, fingerprint: bytes) -> SpentToken | None:
        columns = (RefreshToken.session_id, RefreshToken.spent_at, RefreshToken.successor_salt)
        statement = select(*columns).where(RefreshToken.fingerprint == fingerprint)
        row = (await self._session.execute(statement)).one_or_none()
        if row is None or row.spent_at is None:
            return None
        return SpentToken(row.session_id, row.spent_at, row.successor_salt or b"")

    async def is_unspent(self, fingerprint: bytes) -> bool:
        statement = select(RefreshToken.session_id).where(
            RefreshToken.fingerprint == fingerprint, RefreshToken.spent_at.is_(None)
        )
        return await self._session.scalar(statement) is not None

    async def purge_spent(self, spent_before: datetime, limit: int) -> int:
        """Deletes up to `limit` spent tokens; returns their number."""
        old = select(RefreshToken.fingerprint).where(RefreshToken.spent_at < spent_before).limit(limit)
        statement = delete(RefreshToken).where(RefreshToken.fingerprint.in_(old))
        return len((await self._session.scalars(statement.returning(RefreshToken.fingerprint))).all())


class PendingLoginRepository(Repository):
    async def find_owner(self, token: bytes, now: datetime) -> UUID | None:
        """The account of a login that has not expired."""
        statement = select(PendingLogin.user_id).where(*_is_pending(token, now))
        return await self._session.scalar(statement)

    async def lock(self, token: bytes, now: datetime) -> PendingLogin | None:
        """Selects a login FOR UPDATE."""
        return await self._session.scalar(
            select(PendingLogin).where(*_is_pending(token, now)).with_for_update()
        )

    async def count_failure(self, token: bytes) -> int:
        """Adds one, and returns the number of failures."""
        statement = update(PendingLogin).where(PendingLogin.token == token)
        counted = statement.values(failures=PendingLogin.failures + 1).returning(PendingLogin.failures)
        return await self._session.scalar(counted) or 0

    async def delete(self, token: bytes) -> None:
        await self._session.execute(delete(PendingLogin).where(PendingLogin.token == token))

    async def delete_all(self, user_id: UUID) -> None:
        """Deletes all logins of one account."""
        await self._session.execute(delete(PendingLogin).where(PendingLogin.user_id == user_id))

    async def purge(self, now: datetime) -> None:
        await self._session.execute(delete(PendingLogin).where(PendingLogin.expires_at <= now))


def _is_pending(token: bytes, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return PendingLogin.token == token, PendingLogin.expires_at > now


def is_live(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a live session: not revoked, not expired, not idle (ASVS 5.0 §7.3.1, §7.3.2)."""
    return Session.revoked_at.is_(None), Session.expires_at > now, Session.idle_until > now
