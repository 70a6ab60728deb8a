"""Bodies: what the gateway asks, and the keys that tokens are signed with."""

from typing import Literal

import msgspec

from auth_service.introspection.service import Caller
from auth_service.tokens.signing_key import PublicJwk


class KeySet(msgspec.Struct, frozen=True):
    """RFC 7517 §5."""

    keys: tuple[PublicJwk, ...]


class Introspect(msgspec.Struct, frozen=True):
    """RFC 7662 §2.1; hints about the type of token are taken and not needed."""

    token: str


class Inactive(msgspec.Struct, frozen=True):
    """RFC 7662 §2.2: says nothing about why."""

    active: Literal[False] = False


class Active(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 7662 §2.2. `access_token` is the JWT to pass on inside; roles and address are today's.

    `scope` is there when the bearer may do less than the account, as with an API key, whose id then is `sid`.
    """

    active: Literal[True]
    sub: str
    sid: str
    jti: str
    exp: int
    iat: int
    iss: str
    aud: str
    client_id: str
    roles: tuple[str, ...]
    email: str
    email_verified: bool
    access_token: str
    token_type: Literal["Bearer"]
    scope: str | None = None


def introspection(caller: Caller | None) -> Active | Inactive:
    if caller is None:
        return Inactive()
    claims = caller.claims
    return Active(
        active=True,
        sub=str(claims.sub),
        sid=str(claims.sid),
        jti=claims.jti,
        exp=claims.exp,
        iat=claims.iat,
        iss=claims.iss,
        aud=claims.aud,
        client_id=claims.client_id,
        roles=claims.roles,
        email=claims.email,
        email_verified=claims.email_verified,
        access_token=caller.inside,
        token_type="Bearer",  # noqa: S106 - a kind of token
        scope=caller.scope,
    )
