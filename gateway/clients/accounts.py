"""Typed calls to auth_service: what people do with their own account."""

from datetime import datetime

import msgspec

from gateway.clients.auth import Account
from gateway.clients.auth_calls import AuthCalls
from gateway.core.paths import plain
from shared.settings import Secret


class Session(msgspec.Struct, frozen=True):
    """Where somebody is signed in. Last use, agent and address are of the sign-in or the latest refresh."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
    address: str | None
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """All that have not ended."""

    items: tuple[Session, ...]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """`hint` is how the key begins."""

    id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeApiKey(ApiKey, frozen=True, kw_only=True):
    """`key` is shown here and never again."""

    key: str


class ApiKeyList(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[ApiKey, ...]


class ProviderIdentity(msgspec.Struct, frozen=True):
    """Who one is at a provider. `provider` is the name to sign in with, null when it is no longer offered."""

    id: str
    provider: str | None
    issuer: str
    created_at: datetime
    last_used_at: datetime


class IdentityList(msgspec.Struct, frozen=True):
    """The oldest first."""

    items: tuple[ProviderIdentity, ...]


class AccountClient(AuthCalls):
    async def change_email(self, token: Secret, email: str, current_password: str) -> Account:
        body = {"email": email, "current_password": current_password}
        return await self._call("PATCH", "/v1/auth/me", Account, body, token)

    async def delete(self, token: Secret, password: str) -> None:
        await self._send("DELETE", "/v1/auth/me", {"password": password}, token)

    async def change_password(self, token: Secret, current_password: str, password: str) -> None:
        body = {"current_password": current_password, "password": password}
        await self._send("POST", "/v1/auth/password/change", body, token)

    async def forgot_password(self, email: str) -> None:
        await self._send("POST", "/v1/auth/password/forgot", {"email": email})

    async def reset_password(self, mailed: str, password: str) -> None:
        await self._send("POST", "/v1/auth/password/reset", {"token": mailed, "password": password})

    async def verify_email(self, mailed: str) -> None:
        await self._send("POST", "/v1/auth/email/verify", {"token": mailed})

    async def resend_verification(self, token: Secret | None, email: str | None) -> None:
        """To the address, or without one to the token's own."""
        body = None if email is None else {"email": email}
        await self._send("POST", "/v1/auth/email/resend", body, token)

    async def sessions(self, token: Secret) -> SessionList:
        return await self._call("GET", "/v1/auth/sessions", SessionList, token=token)

    async def end_session(self, token: Secret, session_id: str) -> None:
        await self._send("DELETE", f"/v1/auth/sessions/{plain(session_id)}", token=token)

    async def make_key(self, token: Secret, wanted: msgspec.Struct) -> MadeApiKey:
        return await self._call("POST", "/v1/auth/api-keys", MadeApiKey, wanted, token)

    async def keys_of(self, token: Secret) -> ApiKeyList:
        return await self._call("GET", "/v1/auth/api-keys", ApiKeyList, token=token)

    async def delete_key(self, token: Secret, key_id: str) -> None:
        await self._send("DELETE", f"/v1/auth/api-keys/{plain(key_id)}", token=token)

    async def identities(self, token: Secret) -> IdentityList:
        return await self._call("GET", "/v1/auth/identities", IdentityList, token=token)

    async def unlink(self, token: Secret, identity_id: str) -> None:
        await self._send("DELETE", f"/v1/auth/identities/{plain(identity_id)}", token=token)
