"""Request and response bodies of second factors."""

from datetime import datetime
from typing import Annotated

import msgspec

from shared.contracts.fields import Password
from shared.contracts.webauthn import AuthenticationCredential, RegistrationCredential

FactorName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])",
        description="What the factor is called in the list.",
        examples=["my phone"],
    ),
]
Code = Annotated[
    str,
    msgspec.Meta(
        max_length=64,
        description="Six digits of an authenticator app, or a recovery code.",
        examples=["492039"],
    ),
]
FactorToken = Annotated[
    str,
    msgspec.Meta(
        max_length=128, description="From the 401 `second_factor_required` of a login, for one use."
    ),
]


class NewTotp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An authenticator app to add. `current_password` takes the place of a fresh proof."""

    name: FactorName | None = None
    current_password: Password | None = None


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A passkey to add. `current_password` takes the place of a fresh proof."""

    name: FactorName
    credential: RegistrationCredential
    current_password: Password | None = None


class ConfirmFactor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first code of a new authenticator app."""

    code: Code
    current_password: Password | None = None


class AddedTotp(msgspec.Struct, frozen=True):
    """An authenticator app that has to be confirmed. `secret`, in base32, and `uri`, for a QR code, are
    returned only here.
    """

    id: str
    secret: str
    uri: str


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Ten recovery codes, each for one use; returned only here. Earlier ones are no longer valid."""

    recovery_codes: tuple[str, ...]


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor. `kind` is `totp` or `passkey`; a login asks for it once it is `confirmed`."""

    id: str
    kind: str
    name: str | None
    confirmed: bool
    created_at: datetime
    last_used_at: datetime | None


class AddedPasskey(Factor, frozen=True, kw_only=True):
    """A new passkey. `recovery_codes` are ten if it is the account's first factor, and else none."""

    recovery_codes: tuple[str, ...]


class FactorList(msgspec.Struct, frozen=True):
    """All second factors, oldest first, and the number of unused recovery codes."""

    items: tuple[Factor, ...]
    recovery_codes_left: int


class FinishLogin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The second step of a login: the token of the first one, and either a code or a passkey's credential."""

    factor_token: FactorToken
    code: Code | None = None
    credential: AuthenticationCredential | None = None


class GiveProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of the account's password, a code, and a passkey's credential, which proves the session for
    five minutes.
    """

    password: Password | None = None
    code: Code | None = None
    credential: AuthenticationCredential | None = None
