"""Bodies that two services both speak: what auth_service answers, and the gateway passes on."""

from datetime import datetime
from typing import Any

import msgspec


class Account(msgspec.Struct, frozen=True):
    """An account as its owner sees it."""

    id: str
    email: str
    roles: tuple[str, ...]
    email_verified: bool
    created_at: datetime


class TokenPair(msgspec.Struct, frozen=True):
    """An access token for `expires_in` seconds, and the refresh token that gets the next one, once
    (RFC 6749 §5.1).
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class Session(msgspec.Struct, frozen=True):
    """Where somebody is signed in. Last use, agent and address are of the sign-in or the latest refresh."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    address: str | None
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """All that have not ended."""

    items: tuple[Session, ...]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """`hint` is how the key begins."""

    id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeApiKey(ApiKey, frozen=True, kw_only=True):
    """`key` is shown here and never again."""

    key: str


class ApiKeyList(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[ApiKey, ...]


class ProviderIdentity(msgspec.Struct, frozen=True):
    """Who one is at a provider. `provider` is the name to sign in with, null when it is no longer offered."""

    id: str
    provider: str | None
    issuer: str
    created_at: datetime
    last_used_at: datetime


class IdentityList(msgspec.Struct, frozen=True):
    """The oldest first."""

    items: tuple[ProviderIdentity, ...]


class ManagedUser(msgspec.Struct, frozen=True):
    """An account as administrators see it."""

    id: str
    email: str
    roles: tuple[str, ...]
    email_verified: bool
    created_at: datetime
    disabled: bool
    disabled_at: datetime | None


class UserPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[ManagedUser, ...]
    next_cursor: str | None


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what to whom, when, from where. Without `actor_id` it was done at the command line."""

    id: str
    at: datetime
    actor_id: str | None
    action: str
    subject_id: str | None
    address: str | None
    request_id: str
    details: dict[str, Any]


class AuditPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None
