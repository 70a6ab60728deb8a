"""Bodies: one's account, and the tokens that come of signing in."""

import msgspec

from auth_service.introspection.service import Caller
from auth_service.models import User
from auth_service.sessions import service as sessions
from auth_service.users.schemas import Address, Opaque, Password
from shared.contracts.accounts import Account
from shared.contracts.sessions import TokenPair


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: Opaque


class ChangeAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    current_password: Password


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current_password: Password
    password: Password


class DeleteAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    password: Password


class ForgotPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address


class ResetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: Opaque
    password: Password


class VerifyEmail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: Opaque


class ResendVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without an address it is about the account of the bearer token."""

    email: Address | None = None


def account(user: User) -> Account:
    return Account(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
    )


def own_account(caller: Caller) -> Account:
    """What was read to find out who is calling says it all."""
    claims = caller.claims
    return Account(
        id=str(claims.sub),
        email=claims.email,
        roles=claims.roles,
        email_verified=claims.email_verified,
        created_at=caller.member_since,
    )


def tokens(pair: sessions.TokenPair) -> TokenPair:
    return TokenPair(pair.access_token, "Bearer", pair.expires_in, pair.refresh_token)
