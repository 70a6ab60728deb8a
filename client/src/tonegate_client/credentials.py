"""Credentials of one server: an API key, or the tokens of a session, and where they are kept."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from tonegate_client.models import TokenPair


class SessionTokens(msgspec.Struct, frozen=True, kw_only=True, tag="session"):
    """The tokens of a session. `expires_at_s` is the end of the access token, in seconds since the epoch."""

    account: str
    access_token: str
    refresh_token: str
    expires_at_s: float

    @property
    def bearer(self) -> str:
        return self.access_token


class KeyCredentials(msgspec.Struct, frozen=True, kw_only=True, tag="api_key"):
    """An API key. `account` tells keys of several accounts apart; it is no secret."""

    account: str
    key: str

    @property
    def bearer(self) -> str:
        return self.key


Credentials = SessionTokens | KeyCredentials


class CredentialStore(Protocol):
    """Keeps the credentials of one server."""

    def load(self) -> Credentials | None: ...

    def save(self, credentials: Credentials) -> None: ...

    def clear(self) -> None: ...

    def lock(self) -> AbstractContextManager[None]:
        """Held during a refresh: a refresh token is good once, so no two processes may send it."""
        ...


class MemoryCredentials:
    """Keeps credentials in this object only."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        self._credentials = credentials

    def load(self) -> Credentials | None:
        return self._credentials

    def save(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def clear(self) -> None:
        self._credentials = None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        yield


def session_of(pair: TokenPair, account: str, now_s: float) -> SessionTokens:
    return SessionTokens(
        account=account,
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_at_s=now_s + pair.expires_in,
    )
