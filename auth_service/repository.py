"""One transaction's rows, by noun, and where transactions begin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database import Database
from auth_service.models import ApiKey, KnownNetwork, SignIn, StoredEvent, Tally, User
from auth_service.rows.api_keys import ApiKeyRows, good
from auth_service.rows.attempts import Attempts
from auth_service.rows.audit import Audit
from auth_service.rows.identities import Identities
from auth_service.rows.mails import Mails
from auth_service.rows.sign_ins import SignIns, live
from auth_service.rows.signing_keys import SigningKeys
from auth_service.rows.tallies import Tallies
from auth_service.rows.users import Users
from shared.messaging.envelope import Envelope, encode


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credential it is, as of now. The last three are an API key's."""

    user_id: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    key_id: UUID | None = None
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


class Count(msgspec.Struct, frozen=True):
    """A tally that is not to be forgotten yet."""

    count: int
    last_at: datetime
    forget_at: datetime


class Repository:
    """Lives as long as its transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.users = Users(session)
        self.sign_ins = SignIns(session)
        self.signing_keys = SigningKeys(session)
        self.api_keys = ApiKeyRows(session)
        self.mails = Mails(session)
        self.tallies = Tallies(session)
        self.audit = Audit(session)
        self.identities = Identities(session)
        self.attempts = Attempts(session)

    async def announce(self, envelope: Envelope) -> None:
        """Published after this transaction commits, and only if it does."""
        self._session.add(StoredEvent(envelope=encode(envelope)))
        await self._session.flush()


class Store:
    """What is asked for each request is one indexed query without a transaction around it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Repository]:
        async with self._database.transaction() as session:
            yield Repository(session)

    async def session_bearer(self, session_id: UUID, user_id: UUID, now: datetime) -> Bearer | None:
        """Whoever is signed in there; None when session or account is not live."""
        statement = _active_users().join(SignIn, SignIn.user_id == User.id)
        return await self._bearer(statement.where(SignIn.id == session_id, User.id == user_id, *live(now)))

    async def key_bearer(self, fingerprint: bytes, now: datetime) -> Bearer | None:
        """Whose API key it is; None when there is none or it has expired, or the account is not live."""
        return await self._bearer(_keyed().where(ApiKey.fingerprint == fingerprint, good(now)))

    async def key_bearer_by_id(self, key_id: UUID, user_id: UUID, now: datetime) -> Bearer | None:
        return await self._bearer(_keyed().where(ApiKey.id == key_id, User.id == user_id, good(now)))

    async def user(self, user_id: UUID) -> User | None:
        """As it is now, to look at only."""
        statement = select(*User.__table__.columns).where(User.id == user_id)
        async with self._database.single_query() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return User(**row) if row else None

    async def counts(self, keys: tuple[bytes, ...], now: datetime) -> dict[bytes, Count]:
        statement = select(Tally.key, Tally.count, Tally.last_at, Tally.forget_at)
        rows = await self._rows(statement.where(Tally.key.in_(keys), Tally.forget_at > now))
        return {key: Count(count, last_at, forget_at) for key, count, last_at, forget_at in rows}

    async def is_network_known(self, user_id: UUID, network: str) -> bool:
        known = exists().where(KnownNetwork.user_id == user_id, KnownNetwork.network == network)
        return bool((await self._rows(select(known)))[0][0])

    async def _bearer(self, statement: Select[*tuple[Any, ...]]) -> Bearer | None:
        async with self._database.single_query() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return msgspec.convert(dict(row), Bearer) if row else None

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> list[Any]:
        async with self._database.single_query() as connection:
            return list((await connection.execute(statement)).all())


def _active_users() -> Select[*tuple[Any, ...]]:
    verified = User.email_verified_at.is_not(None).label("email_verified")
    columns = (User.id.label("user_id"), User.email, verified, User.roles)
    return select(*columns).where(User.disabled_at.is_(None))


def _keyed() -> Select[*tuple[Any, ...]]:
    columns = (ApiKey.id.label("key_id"), ApiKey.scopes, ApiKey.expires_at, ApiKey.last_used_at)
    return _active_users().add_columns(*columns).join(ApiKey, ApiKey.user_id == User.id)
