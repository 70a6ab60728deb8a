"""One transaction's rows, by noun, and where transactions begin."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.api_keys.repository import ApiKeyRows, good
from auth_service.audit.repository import Audit
from auth_service.database.engine import Database
from auth_service.mailer.repository import Mails
from auth_service.models import ApiKey, KnownNetwork, SignIn, StoredEvent, Tally, User
from auth_service.oauth.identities.repository import Identities
from auth_service.oauth.repository import Attempts
from auth_service.sessions.repository import SignIns, live
from auth_service.throttle.repository import Tallies
from auth_service.tokens.repository import SigningKeys
from auth_service.users.repository import Users
from shared.messaging.envelope import Envelope, encode


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credential it is, as of now. The last three are an API key's."""

    user_id: UUID
    email: str
    email_verified: bool
    roles: tuple[str, ...]
    created_at: datetime
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
    """What is asked for each request is one indexed query without a transaction around it. Its statement is
    made once: to make it each time takes more of this process than to run it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session_bearer = _session_bearer()
        self._key_bearer = _keyed().where(ApiKey.fingerprint == bindparam("fingerprint"))
        self._key_bearer_by_id = _keyed().where(
            ApiKey.id == bindparam("key_id"), User.id == bindparam("user_id")
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Repository]:
        async with self._database.transaction() as session:
            yield Repository(session)

    async def session_bearer(self, session_id: UUID, user_id: UUID, now: datetime) -> Bearer | None:
        """Whoever is signed in there; None when session or account is not live."""
        asked = {"session_id": session_id, "user_id": user_id, "now": now}
        return await self._bearer(self._session_bearer, asked)

    async def key_bearer(self, fingerprint: bytes, now: datetime) -> Bearer | None:
        """Whose API key it is; None when there is none or it has expired, or the account is not live."""
        return await self._bearer(self._key_bearer, {"fingerprint": fingerprint, "now": now})

    async def key_bearer_by_id(self, key_id: UUID, user_id: UUID, now: datetime) -> Bearer | None:
        asked = {"key_id": key_id, "user_id": user_id, "now": now}
        return await self._bearer(self._key_bearer_by_id, asked)

    async def counts(self, keys: tuple[bytes, ...], now: datetime) -> dict[bytes, Count]:
        statement = select(Tally.key, Tally.count, Tally.last_at, Tally.forget_at)
        rows = await self._rows(statement.where(Tally.key.in_(keys), Tally.forget_at > now))
        return {key: Count(count, last_at, forget_at) for key, count, last_at, forget_at in rows}

    async def is_network_known(self, user_id: UUID, network: str) -> bool:
        known = exists().where(KnownNetwork.user_id == user_id, KnownNetwork.network == network)
        return bool((await self._rows(select(known)))[0][0])

    async def _bearer(
        self, statement: Select[*tuple[Any, ...]], asked: Mapping[str, object]
    ) -> Bearer | None:
        rows = await self._database.read(statement, asked)
        return msgspec.convert(rows[0]._asdict(), Bearer) if rows else None

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        return await self._database.read(statement)


def _active_users() -> Select[*tuple[Any, ...]]:
    verified = User.email_verified_at.is_not(None).label("email_verified")
    columns = (User.id.label("user_id"), User.email, verified, User.roles, User.created_at)
    return select(*columns).where(User.disabled_at.is_(None))


def _session_bearer() -> Select[*tuple[Any, ...]]:
    this = (SignIn.id == bindparam("session_id"), User.id == bindparam("user_id"))
    return _active_users().join(SignIn, SignIn.user_id == User.id).where(*this, *live(bindparam("now")))


def _keyed() -> Select[*tuple[Any, ...]]:
    columns = (ApiKey.id.label("key_id"), ApiKey.scopes, ApiKey.expires_at, ApiKey.last_used_at)
    keyed = _active_users().add_columns(*columns).join(ApiKey, ApiKey.user_id == User.id)
    return keyed.where(good(bindparam("now")))
