"""Request and response bodies of login with an OAuth provider, and of linked provider identities."""

from datetime import datetime
from typing import Annotated

import msgspec


class SignInCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of the redirect to the front end, and the verifier of its PKCE challenge (RFC 7636)."""

    code: Annotated[
        str, msgspec.Meta(max_length=128, description="From the redirect URL; valid for one use.")
    ]
    code_verifier: Annotated[str, msgspec.Meta(max_length=128, description="43 to 128 characters.")]


class SignInProvider(msgspec.Struct, frozen=True):
    """A provider that one can sign in with: `name` is its part of the paths, `title` is for people."""

    name: str
    title: str


class ProviderList(msgspec.Struct, frozen=True):
    """The configured providers, and the `redirect_uri` of this server's page, which is always allowed."""

    items: tuple[SignInProvider, ...]
    page: str


class ProviderIdentity(msgspec.Struct, frozen=True):
    """An identity at a provider. `provider` is the name to log in with, null when it is no longer offered."""

    id: str
    provider: str | None
    issuer: str
    created_at: datetime
    last_used_at: datetime


class IdentityList(msgspec.Struct, frozen=True):
    """All linked identities, oldest first."""

    items: tuple[ProviderIdentity, ...]
