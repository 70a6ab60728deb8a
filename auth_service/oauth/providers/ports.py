"""What passes between a sign-in and the provider it is made with."""

from typing import Protocol

import msgspec


class Pending(msgspec.Struct, frozen=True):
    """What the provider's answer must fit: sent with the question, remembered here."""

    state: str
    nonce: str
    code_verifier: str
    callback: str
    """Our own address for this provider alone (RFC 9700 §4.4.2)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters that the browser brought back (RFC 6749 §4.1.2, RFC 9207 §2)."""

    code: str | None = None
    issuer: str | None = None
    error: str | None = None


class Identity(msgspec.Struct, frozen=True):
    """Who somebody has proven to be. `issuer` and `subject` together are unique and never reassigned."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool


class Provider(Protocol):
    async def question(self, pending: Pending) -> str:
        """Where the browser is sent. Raises Unavailable when the provider cannot be asked how."""
        ...

    async def identify(self, answer: Answer, pending: Pending) -> Identity:
        """Raises Cancelled, Refused, Unavailable."""
        ...
