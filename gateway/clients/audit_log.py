"""The audit log of auth_service."""

from collections.abc import Mapping

from gateway.clients.auth import AuthService
from gateway.identity.principal import Principal


class AuditLog:
    """Records what administrators do in other services, before they do it (ASVS 5.0 §16.2.1). An entry may
    thus be about a request that was refused afterwards, or failed.
    """

    def __init__(self, auth: AuthService) -> None:
        self._auth = auth

    async def record(self, caller: Principal, action: str, details: Mapping[str, str]) -> None:
        """Returns when the entry is stored. Raises what AuthService raises."""
        await self._auth.send("POST", "/v1/admin/audit", {"action": action, "details": details}, caller)
