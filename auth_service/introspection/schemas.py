"""Bodies of the introspection endpoint (RFC 7662)."""

from typing import Literal

import msgspec

from auth_service.tokens.principal import Principal


class Introspect(msgspec.Struct, frozen=True):
    """Request (RFC 7662 §2.1); `token_type_hint` is accepted and ignored."""

    token: str


class Inactive(msgspec.Struct, frozen=True):
    """Response for a token that is not valid, without a reason (RFC 7662 §2.2)."""

    active: Literal[False] = False


class Active(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Response for a valid token (RFC 7662 §2.2), with the account's current roles and address.

    `access_token` is the JWT to forward to other services. `scope` is present for API keys only; `sid` then
    is the key's id.
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


def introspection_body(principal: Principal | None) -> Active | Inactive:
    if principal is None:
        return Inactive()
    claims = principal.claims
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
        access_token=principal.internal_token,
        token_type="Bearer",  # noqa: S106 - a token type
        scope=principal.scope,
    )
