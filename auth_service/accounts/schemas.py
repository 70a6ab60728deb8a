"""Bodies of the account endpoints. Unknown fields are refused (mass assignment, ASVS 5.0 §15.3.3)."""

import msgspec

from auth_service.tokens.principal import Principal
from auth_service.users.model import User
from auth_service.users.schemas import Address, Password
from shared.contracts.accounts import Account


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    password: Password


class ChangeAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Address
    current_password: Password


def account_of_user(user: User) -> Account:
    return Account(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
    )


def account_of_principal(principal: Principal) -> Account:
    """The account of an authenticated request, taken from its principal without a query."""
    claims = principal.claims
    return Account(
        id=str(claims.sub),
        email=claims.email,
        roles=claims.roles,
        email_verified=claims.email_verified,
        created_at=principal.account_created_at,
    )
