"""Bodies of the account endpoints.

Unknown fields of bodies are refused (mass assignment, ASVS 5.0 §15.3.3). `email` is any text here, because
the services validate addresses.
"""

import msgspec

from auth_service.users.model import User
from shared.contracts.accounts import Account, OwnAccount
from shared.contracts.fields import AnyText, Password


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: AnyText
    password: Password


class ChangeAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: AnyText
    current_password: Password | None = None


def own_account_of_user(user: User) -> OwnAccount:
    return OwnAccount(**msgspec.structs.asdict(account_of_user(user)), pending_email=user.pending_email)


def account_of_user(user: User) -> Account:
    return Account(
        id=str(user.id),
        email=user.email,
        roles=tuple(user.roles),
        email_verified=user.email_verified_at is not None,
        created_at=user.created_at,
    )
