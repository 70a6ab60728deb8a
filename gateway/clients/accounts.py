"""Typed calls to auth_service: what people do with their own account."""

import msgspec

from gateway.clients.auth_calls import AuthCalls
from gateway.proxy.path_segments import plain
from shared.contracts.http import Account, ApiKeyList, IdentityList, MadeApiKey, SessionList
from shared.settings import Secret


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
