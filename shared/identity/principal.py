"""The user or API key that a request acts for."""

import msgspec


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated user, limited to `scopes` when the credential is an API key."""

    user_id: str
    email: str
    roles: frozenset[str]
    """Empty for an API key: administration is in no scope."""
    email_verified: bool = False
    session_id: str | None = None
    """The session or API key that the token was issued for; None when the token names none."""
    scopes: frozenset[str] | None = None
    """None for a signed-in user, who may do everything that the account may."""
