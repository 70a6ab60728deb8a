"""SQL of token introspection: the account behind a session or an API key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, exists, select

from auth_service.api_keys.model import ApiKey
from auth_service.api_keys.repository import is_unexpired
from auth_service.database.engine import Database
from auth_service.factors.model import Factor
from auth_service.introspection.model import TokenHolder
from auth_service.sessions.model import Session
from auth_service.sessions.repository import is_live
from auth_service.users.model import User


class TokenHolderRepository:
    """Looks up the account of a credential, with one indexed query and without a transaction.

    Statements are built once, because building one takes more time of this process than running it. All
    lookups return None if the credential is unknown, revoked or expired, or its account is disabled.
    """

    def __init__(self, database: Database, *, with_factors: bool = False) -> None:
        """`with_factors`: sessions are looked up with `has_factor`."""
        self._database = database
        self._by_session = _by_session(with_factors=with_factors)
        self._by_key = _by_api_key().where(ApiKey.fingerprint == bindparam("fingerprint"))
        self._by_key_id = _by_api_key().where(
            ApiKey.id == bindparam("key_id"), User.id == bindparam("user_id")
        )

    async def find_by_session(self, session_id: UUID, user_id: UUID, now: datetime) -> TokenHolder | None:
        return await self._find(self._by_session, {"session_id": session_id, "user_id": user_id, "now": now})

    async def find_by_api_key(self, fingerprint: bytes, now: datetime) -> TokenHolder | None:
        return await self._find(self._by_key, {"fingerprint": fingerprint, "now": now})

    async def find_by_api_key_id(self, key_id: UUID, user_id: UUID, now: datetime) -> TokenHolder | None:
        return await self._find(self._by_key_id, {"key_id": key_id, "user_id": user_id, "now": now})

    async def _find(
        self, statement: Select[*tuple[Any, ...]], values: Mapping[str, object]
    ) -> TokenHolder | None:
        rows = await self._database.read(statement, values)
        return msgspec.convert(rows[0]._asdict(), TokenHolder) if rows else None


def _active_users() -> Select[*tuple[Any, ...]]:
    verified = User.email_verified_at.is_not(None).label("email_verified")
    columns = (
        User.id.label("user_id"),
        User.email,
        verified,
        User.roles,
        User.created_at,
        User.pending_email,
    )
    return select(*columns).where(User.disabled_at.is_(None))


def _by_session(*, with_factors: bool) -> Select[*tuple[Any, ...]]:
    ids = (Session.id == bindparam("session_id"), User.id == bindparam("user_id"))
    has_factor = exists().where(Factor.user_id == User.id, Factor.confirmed_at.is_not(None))
    users = _active_users()
    if with_factors:
        users = users.add_columns(has_factor.label("has_factor"))
    return users.join(Session, Session.user_id == User.id).where(*ids, *is_live(bindparam("now")))


def _by_api_key() -> Select[*tuple[Any, ...]]:
    columns = (ApiKey.id.label("key_id"), ApiKey.scopes, ApiKey.expires_at, ApiKey.last_used_at)
    keyed = _active_users().add_columns(*columns).join(ApiKey, ApiKey.user_id == User.id)
    return keyed.where(is_unexpired(bindparam("now")))
