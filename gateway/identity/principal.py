"""Bearer token → who is calling."""

import re
from collections.abc import Sequence

import msgspec

from shared.errors import Unauthenticated
from shared.settings import Secret

# RFC 6750 §2.1, the only place we read a token from: never a query or a form, which end up in logs (§5.3).
BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<token>[A-Za-z0-9\-._~+/]+=*) *")
LONGEST_TOKEN = 4096


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling. `access_token` is the JWT that services inside verify themselves."""

    user_id: str
    email: str
    roles: frozenset[str]
    access_token: Secret
    expires_at: float
    """Unix time in seconds."""
    session_id: str | None = None
    """None for credentials that belong to no session."""
    scopes: frozenset[str] | None = None
    """What it may do; None for a person, who may do all that the account may."""


class InvalidToken(Unauthenticated):
    """A token was sent and is of no use (RFC 6750 §3.1)."""

    def __init__(self, detail: str = "The access token is not valid.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def bearer_token(authorization: Sequence[str]) -> str | None:
    """The token in the values of all Authorization headers; None when there is no such header.

    Raises InvalidToken for another scheme, a malformed token or two headers.
    """
    if not authorization:
        return None
    match = BEARER.fullmatch(authorization[0])
    if match is None or len(authorization) > 1 or len(match["token"]) > LONGEST_TOKEN:
        raise InvalidToken("The Authorization header must be `Bearer <access token>`.")
    return match["token"]
