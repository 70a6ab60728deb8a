"""Request and response bodies of sessions: login, refresh, list; public keys and an internal header."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from shared.contracts.fields import Email, Password

RefreshToken = Annotated[
    str, msgspec.Meta(max_length=256, description="From the last login or the last refresh.")
]
REVOKED_SESSION: Final = "X-Revoked-Session"
"""In auth_service's responses: the id of a session that this request ended.

The gateway drops the session's tokens from its cache before it responds; the session_revoked event arrives
later. It is never sent to clients.
"""


class TokenPair(msgspec.Struct, frozen=True):
    """An access token valid for `expires_in` seconds, and a refresh token for one use (RFC 6749 §5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's address and password."""

    email: Email
    password: Password


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token, which becomes invalid by this call."""

    refresh_token: RefreshToken


class CurrentPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The account's password, in place of a fresh proof of the session."""

    current_password: Password | None = None


class Session(msgspec.Struct, frozen=True):
    """A session. `last_used_at`, `user_agent` and `address` are those of the login or the latest refresh."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    address: str | None
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """All sessions that have not ended."""

    items: tuple[Session, ...]


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]
