"""Calls of the account: sign-in in one or two steps, fresh proof, sign-out, who one is."""

import hashlib
import time

from tonegate_client.bearer import Bearer
from tonegate_client.credentials import CredentialStore, KeyCredentials, session_of
from tonegate_client.models import OwnAccount, TokenPair
from tonegate_client.transport import Request, Transport


class Accounts:
    """Each call raises Problem and ServerUnreachable."""

    def __init__(self, transport: Transport, store: CredentialStore, bearer: Bearer) -> None:
        self._transport = transport
        self._store = store
        self._bearer = bearer

    async def sign_in(self, email: str, password: str) -> OwnAccount:
        """Starts a session and stores its tokens.

        Raises SecondFactorRequired, whose `factor_token` goes to `finish_sign_in`.
        """
        body = {"email": email, "password": password}
        return await self._start(Request("POST", "v1/auth/login", body=body, is_public=True))

    async def finish_sign_in(self, factor_token: str, code: str) -> OwnAccount:
        """The second step, with the code of an authenticator app or a recovery code."""
        body = {"factor_token": factor_token, "code": code}
        return await self._start(Request("POST", "v1/auth/login/factor", body=body, is_public=True))

    async def use_key(self, key: str) -> None:
        """Stores an API key once the server has accepted it. Otherwise what is stored stays."""
        headers = {"Authorization": f"Bearer {key}"}
        await self._transport.send(
            Request("GET", "v1/conversions", query={"limit": 1}, headers=headers, is_public=True)
        )
        self._store.save(key_credentials(key))
        self._bearer.forget()

    async def sign_out(self) -> None:
        """Ends the session and removes the stored credentials; an API key stays valid at the server."""
        credentials = self._store.load()
        if credentials is not None and not isinstance(credentials, KeyCredentials):
            await self._transport.send(Request("POST", "v1/auth/logout"))
        self._store.clear()
        self._bearer.forget()

    async def me(self) -> OwnAccount:
        """The account. API keys have no access to it."""
        return await self._transport.fetch(Request("GET", "v1/auth/me"), OwnAccount)

    async def prove(self, *, password: str | None = None, code: str | None = None) -> None:
        """Gives this session a fresh proof, which sensitive calls ask for by the code `proof_required`."""
        body = {"password": password} if password is not None else {"code": code}
        await self._transport.send(Request("POST", "v1/auth/proof", body=body))

    async def _start(self, request: Request) -> OwnAccount:
        pair = await self._transport.fetch(request, TokenPair)
        self._store.save(session_of(pair, "", time.time()))
        self._bearer.forget()
        account = await self.me()
        self._store.save(session_of(pair, account.email, time.time()))
        self._bearer.forget()
        return account


def key_credentials(key: str) -> KeyCredentials:
    return KeyCredentials(account=f"key {hashlib.sha256(key.encode()).hexdigest()[:16]}", key=key)
