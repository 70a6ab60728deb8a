"""Bodies of the account calls. Fields that are not named here are refused: nobody sets their own roles."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from auth_service.addresses import MAX_LENGTH
from auth_service.keys import PublicJwk
from auth_service.models import User
from auth_service.sessions import Caller, TokenPair

Address = Annotated[str, msgspec.Meta(max_length=MAX_LENGTH, examples=["ada@example.com"])]
# Counted in characters here, to bound the work; the limit in bytes is checked after normalisation.
Password = Annotated[str, msgspec.Meta(max_length=1024, examples=["correct horse battery staple"])]
RefreshToken = Annotated[str, msgspec.Meta(max_length=256)]


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: RefreshToken


class Account(msgspec.Struct, frozen=True):
    id: str
    email: str
    roles: tuple[str, ...]
    email_verified: bool
    created_at: datetime


class Tokens(msgspec.Struct, frozen=True):
    """RFC 6749 §5.1."""

    access_token: str
    expires_in: int
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token


class KeySet(msgspec.Struct, frozen=True):
    """RFC 7517 §5."""

    keys: tuple[PublicJwk, ...]


class Introspect(msgspec.Struct, frozen=True):
    """RFC 7662 §2.1; hints about the type of token are taken and not needed."""

    token: str


class Inactive(msgspec.Struct, frozen=True):
    """RFC 7662 §2.2: says nothing about why."""

    active: Literal[False] = False


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 7662 §2.2. `access_token` is the JWT to pass on inside; roles and address are today's."""

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
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    active: Literal[True] = True


def account(user: User) -> Account:
    return Account(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
    )


def tokens(pair: TokenPair) -> Tokens:
    return Tokens(pair.access_token, pair.expires_in, pair.refresh_token)


def introspection(token: str, caller: Caller | None) -> Active | Inactive:
    if caller is None:
        return Inactive()
    claims = caller.claims
    return Active(
        sub=str(claims.sub),
        sid=str(claims.sid),
        jti=claims.jti,
        exp=claims.exp,
        iat=claims.iat,
        iss=claims.iss,
        aud=claims.aud,
        client_id=claims.client_id,
        roles=caller.roles,
        email=caller.email,
        access_token=token,
    )
