"""Typed calls to auth_service: what administrators do."""

from collections.abc import Mapping

import msgspec

from gateway.clients.auth_calls import AuthCalls
from gateway.proxy.path_segments import plain
from shared.contracts.http import AuditPage, ManagedUser, UserPage
from shared.settings import Secret


class AdministrationClient(AuthCalls):
    async def users(self, token: Secret, email: str | None, cursor: str | None, limit: int) -> UserPage:
        """Those with `email` in their address."""
        query = given(email=email, cursor=cursor, limit=str(limit))
        return await self._call("GET", "/v1/admin/users", UserPage, token=token, query=query)

    async def change_user(self, token: Secret, user_id: str, change: msgspec.Struct) -> ManagedUser:
        return await self._call("PATCH", f"/v1/admin/users/{plain(user_id)}", ManagedUser, change, token)

    async def record(self, token: Secret, action: str, details: Mapping[str, str]) -> None:
        """Once this returns the record is kept. Raises what AuthCalls says."""
        body = {"action": action, "details": details}
        await self._send("POST", "/v1/admin/audit", body, token)

    async def audit(self, token: Secret, cursor: str | None, limit: int) -> AuditPage:
        query = given(cursor=cursor, limit=str(limit))
        return await self._call("GET", "/v1/admin/audit", AuditPage, token=token, query=query)


def given(**fields: str | None) -> dict[str, str]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
