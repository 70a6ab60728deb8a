"""Request and response bodies of the user's own account: registration, change, password, address."""

from datetime import datetime

import msgspec

from shared.contracts.fields import AnyText, Email, MailedToken, Password


class Account(msgspec.Struct, frozen=True):
    """An account as its owner sees it."""

    id: str
    email: str
    roles: tuple[str, ...]
    email_verified: bool
    created_at: datetime


class OwnAccount(Account, frozen=True):
    """The caller's account. `pending_email` replaces `email` once the link mailed to it is confirmed."""

    pending_email: str | None = None


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    email: Email
    password: Password


class ChangeAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The account's new address, which replaces the present one once it is confirmed by mail; the present
    one ends an earlier change. `current_password` takes the place of a fresh proof.
    """

    email: Email
    current_password: Password | None = None


class DeleteAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account's password, to confirm its deletion."""

    password: Password


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The current password and the new one."""

    current_password: Password
    password: Password


class ForgotPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of an account. Unknown and malformed addresses get the same response as known ones."""

    email: AnyText


class ResetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The token of the mailed link and a new password. The account's API keys and webhooks end, unless they
    are to be kept.
    """

    token: MailedToken
    password: Password
    keep_api_keys: bool = False
    keep_webhooks: bool = False


class VerifyEmail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The token of the mailed link. The account's password may take the place of an access token."""

    token: MailedToken
    password: Password | None = None


class ResendVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address to verify. Without it, the address of the access token's account."""

    email: Email | None = None
