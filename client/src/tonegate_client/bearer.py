"""The bearer token of each request. Tokens of a session are refreshed before they expire, once at a time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from tonegate_client.credentials import Credentials, CredentialStore, SessionTokens, session_of
from tonegate_client.models import TokenPair
from tonegate_client.problems import NotSignedIn, Problem

# A request that starts with a token of less than this may arrive too late.
MARGIN_S = 30.0

Refresh = Callable[[str], Awaitable[TokenPair]]
"""Exchanges a refresh token for a new pair. Raises Problem."""


class Bearer:
    """Reads the store once, and again when a token is refused: another process may have refreshed it."""

    def __init__(self, store: CredentialStore, refresh: Refresh) -> None:
        self._store = store
        self._refresh = refresh
        self._known: Credentials | None = None
        self._turn = asyncio.Lock()

    async def token(self) -> str:
        """Raises NotSignedIn without credentials, and when the session has ended."""
        credentials = self._known or self._store.load()
        if credentials is None:
            raise NotSignedIn("You are not signed in.")
        self._known = credentials
        is_old = isinstance(credentials, SessionTokens) and credentials.expires_at_s - time.time() < MARGIN_S
        return await self.renew(credentials.bearer) if is_old else credentials.bearer

    async def renew(self, refused: str) -> str:
        """Returns another token than `refused`. Raises NotSignedIn when there can be none."""
        async with self._turn:
            if self._known is not None and self._known.bearer != refused:
                return self._known.bearer
            async with _held(self._store):
                # Shielded: a refresh token that is spent and whose successor is lost ends the session.
                task = asyncio.ensure_future(self._exchange(refused))
                try:
                    self._known = await asyncio.shield(task)
                except asyncio.CancelledError:
                    with contextlib.suppress(Exception):
                        self._known = await task
                    raise
            return self._known.bearer

    def forget(self) -> None:
        """The store is read again at the next request."""
        self._known = None

    async def _exchange(self, refused: str) -> Credentials:
        stored = self._store.load()
        if stored is not None and stored.bearer != refused:
            return stored
        if not isinstance(stored, SessionTokens):
            raise NotSignedIn("The server does not accept the API key.")
        try:
            pair = await self._refresh(stored.refresh_token)
        except Problem as problem:
            if problem.status != 401:
                raise
            raise NotSignedIn("The session has ended.") from problem
        fresh = session_of(pair, stored.account, time.time())
        self._store.save(fresh)
        return fresh


@contextlib.asynccontextmanager
async def _held(store: CredentialStore) -> AsyncIterator[None]:
    """Holds the store's lock, which another process may have for seconds, without stopping the event loop."""
    lock = store.lock()
    await asyncio.to_thread(lock.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(lock.__exit__, None, None, None)
