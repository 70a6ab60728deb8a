"""Calls to the converter that administrators make: recorded first, then passed on."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from gateway.clients.administration import AdministrationClient
from gateway.identity.principal import Principal
from gateway.proxy.path_segments import plain
from gateway.proxy.relay import Relay
from gateway.query import Query

ADMINISTRATION = ("v1", "admin")

AnyRequest = Request[Any, Any, Any]


class ManagedClient:
    """No record, no call: auth_service keeps who asks for what, and from where, before the converter hears of
    it (ASVS 5.0 §16.2.1). So a record may be of something that was then refused, or did not come about.
    """

    def __init__(self, administration: AdministrationClient, relay: Relay) -> None:
        self._administration, self._relay = administration, relay

    async def conversions(
        self, request: AnyRequest, principal: Principal, query: Mapping[str, str]
    ) -> ASGIResponse:
        wanted = {name: value for name, value in query.items() if name in {"owner_id", "status"}}
        await self._administration.record(principal.access_token, "conversions_listed", wanted)
        return await self._asked(request, principal, ("conversions",), tuple(query.items()))

    async def dead_letters(
        self, request: AnyRequest, principal: Principal, query: Mapping[str, str]
    ) -> ASGIResponse:
        await self._administration.record(principal.access_token, "dead_letters_listed", {})
        return await self._asked(request, principal, ("dead-letters",), tuple(query.items()))

    async def dead_letter(self, request: AnyRequest, principal: Principal, letter_id: str) -> ASGIResponse:
        await self._record(principal, "dead_letter_read", letter_id)
        return await self._asked(request, principal, ("dead-letters", letter_id))

    async def replay(self, request: AnyRequest, principal: Principal, letter_id: str) -> ASGIResponse:
        await self._record(principal, "dead_letter_replayed", letter_id)
        return await self._asked(request, principal, ("dead-letters", letter_id, "replay"))

    async def discard(self, request: AnyRequest, principal: Principal, letter_id: str) -> None:
        await self._record(principal, "dead_letter_discarded", letter_id)
        path = (*ADMINISTRATION, "dead-letters", letter_id)
        await self._relay.perform(request, path, token=principal.access_token)

    async def _record(self, principal: Principal, action: str, letter_id: str) -> None:
        details = {"dead_letter": plain(letter_id)}
        await self._administration.record(principal.access_token, action, details)

    async def _asked(
        self, request: AnyRequest, principal: Principal, path: Sequence[str], query: Query = ()
    ) -> ASGIResponse:
        return await self._relay.forward(
            request, (*ADMINISTRATION, *path), query=query, token=principal.access_token
        )
