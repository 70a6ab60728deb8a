"""Bodies of the calls about one's own account. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from gateway.fields import AnyText, Email, MailedToken, Password

Scope = Literal["conversions:read", "conversions:write"]
KeyName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])",
        description="What the key is for.",
        examples=["nightly import"],
    ),
]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ChangeAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account's new address, which is unverified until its owner says so."""

    email: Email
    current_password: Password


class DeleteAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof that it is the owner who leaves."""

    password: Password


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The old password and the new one."""

    current_password: Password
    password: Password


class ForgotPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of an account, or of none; what is no address at all is answered the same."""

    email: AnyText


class ResetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret from the mail and a new password."""

    token: MailedToken
    password: Password


class VerifyEmail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret from the mail."""

    token: MailedToken


class ResendVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without an address it is about the account of the access token."""

    email: Email | None = None


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Without scopes the key may do everything with conversions; without a moment it does not expire."""

    name: KeyName
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=10)] = msgspec.field(
        default_factory=lambda: ["conversions:read", "conversions:write"]
    )
    expires_at: Moment | None = None
