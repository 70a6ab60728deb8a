"""Calls of API keys."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from tonegate_client.models import ApiKey, ApiKeyList, MadeApiKey
from tonegate_client.transport import Request, Transport, keyed_post

PATH = "v1/auth/api-keys"


class ApiKeys:
    """Each call raises Problem, ServerUnreachable, NotSignedIn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[ApiKey]:
        return (await self._transport.fetch(Request("GET", PATH), ApiKeyList)).items

    async def create(
        self, name: str, *, scopes: Sequence[str] = (), expires_at: datetime | None = None
    ) -> MadeApiKey:
        """Creates a key, by default with the two scopes of conversions. Needs a fresh proof."""
        body: dict[str, object] = {"name": name}
        if scopes:
            body["scopes"] = list(scopes)
        if expires_at is not None:
            body["expires_at"] = expires_at.isoformat()
        return await self._transport.fetch(keyed_post(PATH, body), MadeApiKey)

    async def delete(self, key_id: str) -> None:
        await self._transport.send(Request("DELETE", f"{PATH}/{quote(key_id, safe='')}"))
