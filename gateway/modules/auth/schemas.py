"""Bodies of the account calls. Unknown fields are refused: nobody gives themselves a role."""

from typing import Annotated

import msgspec

Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[!-?A-~]+@[A-Za-z0-9.-]+$",  # auth_service looks closer
        description="An e-mail address.",
        examples=["a@example.com"],
    ),
]
Password = Annotated[
    str,
    msgspec.Meta(max_length=1024, description="Any characters.", examples=["correct horse battery staple"]),
]
RefreshToken = Annotated[str, msgspec.Meta(max_length=256, description="From the last sign-in or refresh.")]


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account."""

    email: Email
    password: Password


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's address and password."""

    email: Email
    password: Password


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token, which is spent by this."""

    refresh_token: RefreshToken
