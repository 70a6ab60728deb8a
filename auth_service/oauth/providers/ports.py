"""The port to a provider, and the values that pass through it."""

from typing import Annotated, Protocol

import msgspec

Parameter = Annotated[str, msgspec.Meta(max_length=4096)]


class PendingLogin(msgspec.Struct, frozen=True):
    """Values of an authorization request that its response must match."""

    state: str
    nonce: str
    code_verifier: str
    callback: str
    """Redirect URI of the gateway, different for each provider (RFC 9700 §4.4.2)."""


class AuthorizationResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the redirect back from the provider (RFC 6749 §4.1.2, RFC 9207 §2)."""

    code: Parameter | None = None
    issuer: Parameter | None = msgspec.field(default=None, name="iss")
    error: Parameter | None = None


class Identity(msgspec.Struct, frozen=True):
    """A proven identity. `issuer` and `subject` together are unique and never reassigned."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool


class Provider(Protocol):
    async def authorization_url(self, pending: PendingLogin) -> str:
        """The URL to redirect the browser to. Raises Unavailable if the provider's metadata is missing."""
        ...

    async def identify(self, response: AuthorizationResponse, pending: PendingLogin) -> Identity:
        """Exchanges the code for the user's identity. Raises LoginCancelled, LoginRefused, Unavailable."""
        ...
