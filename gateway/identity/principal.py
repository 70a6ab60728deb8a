"""Principals, and the bearer token of a request."""

import re
from collections.abc import Sequence

import msgspec

from shared.errors import Unauthenticated
from shared.settings import Secret

# RFC 6750 §2.1. Tokens in a query or a form are not accepted, because these end up in logs (§5.3).
BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<token>[A-Za-z0-9\-._~+/]+=*) *")
MAX_TOKEN_LENGTH = 4096


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated caller. `access_token` is the JWT that the services verify."""

    user_id: str
    email: str
    roles: frozenset[str]
    access_token: Secret
    expires_at: float
    """Unix time in seconds."""
    session_id: str | None = None
    """None for credentials without a session."""
    scopes: frozenset[str] | None = None
    """The scopes of an API key; None for a session, which is not limited by scopes."""


class InvalidToken(Unauthenticated):
    """The token of the request is not valid (RFC 6750 §3.1)."""

    def __init__(self, detail: str = "The access token is not valid.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def bearer_token(authorization: Sequence[str]) -> str | None:
    """The token in the values of all Authorization headers; None when there is no such header.

    Raises InvalidToken for another scheme, a malformed token or two headers.
    """
    if not authorization:
        return None
    match = BEARER.fullmatch(authorization[0])
    if match is None or len(authorization) > 1 or len(match["token"]) > MAX_TOKEN_LENGTH:
        raise InvalidToken("The Authorization header must be `Bearer <access token>`.")
    return match["token"]
