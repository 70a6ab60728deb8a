"""Bodies of the account calls. Unknown fields are refused: nobody gives themselves a role."""

from typing import Annotated

import msgspec

from gateway.fields import Email, Password

RefreshToken = Annotated[str, msgspec.Meta(max_length=256, description="From the last sign-in or refresh.")]


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    email: Email
    password: Password


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's address and password."""

    email: Email
    password: Password


class SignInCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a front end got in its address, and the verifier of its own challenge (RFC 7636)."""

    code: Annotated[str, msgspec.Meta(max_length=128, description="From the address, once.")]
    code_verifier: Annotated[str, msgspec.Meta(max_length=128, description="43 to 128 characters.")]


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token, which is spent by this."""

    refresh_token: RefreshToken
