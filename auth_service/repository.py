"""All SQL about accounts, sessions and keys. A repository lives as long as its transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database import Database
from auth_service.keys import KeyPair
from auth_service.models import RefreshToken, SignIn, StoredEvent, StoredKey, User
from auth_service.rows.attempts import Attempts
from auth_service.rows.identities import Identities
from shared.messaging.envelope import Envelope, encode
from shared.settings import Secret


class Bearer(msgspec.Struct, frozen=True):
    """Who a live session belongs to, as of now."""

    email: str
    roles: tuple[str, ...]


class Repository:
    """Rows in and out of one transaction; what they mean is the services' business."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.attempts = Attempts(session)
        self.identities = Identities(session)

    async def add_user(self, user: User) -> bool:
        """False when the address is taken, also by somebody who registers it at this very moment."""
        values = {column.key: getattr(user, column.key) for column in User.__table__.columns}
        statement = insert(User).values(values).on_conflict_do_nothing(index_elements=[User.email_canonical])
        added = await self._session.scalar(statement.returning(User.id))
        return added is not None

    async def user_by_address(self, canonical: str) -> User | None:
        return await self._session.scalar(select(User).where(User.email_canonical == canonical))

    async def user(self, identity: UUID, *, lock: bool = False) -> User | None:
        """With `lock` nobody can disable, change or delete it until the transaction ends."""
        statement = select(User).where(User.id == identity)
        return await self._session.scalar(statement.with_for_update(read=True) if lock else statement)

    async def replace_password_hash(self, user_id: UUID, outdated: str | None, password_hash: str) -> None:
        """Does nothing when it is not the outdated one any more."""
        statement = update(User).where(User.id == user_id, User.password_hash == outdated)
        await self._session.execute(statement.values(password_hash=password_hash))

    async def add_session(self, session: SignIn) -> None:
        self._session.add(session)
        await self._session.flush()

    async def add_refresh_token(self, fingerprint: bytes, session_id: UUID, now: datetime) -> None:
        self._session.add(RefreshToken(fingerprint=fingerprint, session_id=session_id, created_at=now))
        await self._session.flush()

    async def spend_refresh_token(self, fingerprint: bytes, now: datetime) -> UUID | None:
        """Its session, the first time only: of two who spend it at once, one waits and finds it spent."""
        statement = update(RefreshToken).where(RefreshToken.fingerprint == fingerprint)
        statement = statement.where(RefreshToken.spent_at.is_(None))
        return await self._session.scalar(statement.values(spent_at=now).returning(RefreshToken.session_id))

    async def session_of_refresh_token(self, fingerprint: bytes) -> UUID | None:
        statement = select(RefreshToken.session_id).where(RefreshToken.fingerprint == fingerprint)
        return await self._session.scalar(statement)

    async def touch_session(self, session_id: UUID, now: datetime) -> SignIn | None:
        """The session if it is live, marked as used now and locked until the transaction ends."""
        statement = update(SignIn).where(SignIn.id == session_id, *_live(now)).values(last_used_at=now)
        return await self._session.scalar(statement.returning(SignIn))

    async def revoke_session(self, session_id: UUID, now: datetime) -> UUID | None:
        """Its user, or None when it was revoked before or never existed."""
        statement = update(SignIn).where(SignIn.id == session_id, SignIn.revoked_at.is_(None))
        return await self._session.scalar(statement.values(revoked_at=now).returning(SignIn.user_id))

    async def forget_sessions(self, expired_before: datetime, limit: int) -> int:
        """Deletes up to `limit` long expired sessions with their refresh tokens; how many."""
        old = select(SignIn.id).where(SignIn.expires_at < expired_before).limit(limit)
        removed = await self._session.scalars(delete(SignIn).where(SignIn.id.in_(old)).returning(SignIn.id))
        return len(removed.all())

    async def keys(self, now: datetime) -> list[KeyPair]:
        """Every key that may have signed a token which is still good; the one that signs comes first."""
        newest_first = (StoredKey.retired_at.is_not(None), StoredKey.created_at.desc(), StoredKey.kid)
        statement = select(StoredKey.private_pem).where(_unexpired(now)).order_by(*newest_first)
        return [KeyPair(Secret(pem)) for pem in await self._session.scalars(statement)]

    async def has_signing_key(self) -> bool:
        return bool(await self._session.scalar(select(exists().where(StoredKey.retired_at.is_(None)))))

    async def add_signing_key(self, key: KeyPair, now: datetime) -> None:
        self._session.add(StoredKey(kid=key.kid, private_pem=key.pem.reveal(), created_at=now))
        await self._session.flush()

    async def announce(self, envelope: Envelope) -> None:
        """Published after this transaction commits, and only if it does."""
        self._session.add(StoredEvent(envelope=encode(envelope)))
        await self._session.flush()


class Store:
    """Where transactions begin."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Repository]:
        async with self._database.transaction() as session:
            yield Repository(session)

    async def bearer(self, session_id: UUID, user_id: UUID, now: datetime) -> Bearer | None:
        """Whoever is signed in there; None when session or account is not live. One indexed query."""
        statement = select(User.email, User.roles).join(SignIn, SignIn.user_id == User.id)
        statement = statement.where(SignIn.id == session_id, User.id == user_id, *_live(now))
        statement = statement.where(User.disabled_at.is_(None))
        async with self._database.single_query() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return Bearer(row.email, tuple(row.roles)) if row else None


def _live(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SignIn.revoked_at.is_(None), SignIn.expires_at > now


def _unexpired(now: datetime) -> ColumnElement[bool]:
    return or_(StoredKey.expires_at.is_(None), StoredKey.expires_at > now)
