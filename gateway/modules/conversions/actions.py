"""What is done with a conversion besides looking at it: by the converter, once for each Idempotency-Key."""

from typing import Any

import msgspec
from litestar import Request

from gateway.clients.converter import ConverterClient
from gateway.idempotency.service import Once
from gateway.identity.auth_guard import principal_of

AnyRequest = Request[Any, Any, Any]


class Actions:
    def __init__(self, converter: ConverterClient, once: Once) -> None:
        self._converter, self._once = converter, once

    async def perform(
        self, request: AnyRequest, conversion_id: str, what: str, said: object = None, key: str | None = None
    ) -> msgspec.Raw:
        """The converter's JSON. `said` is the body that it gets, if it needs one."""
        token = principal_of(request).access_token

        async def act() -> msgspec.Raw:
            return await self._converter.act(request, conversion_id, what, token, said)

        return await self._once.perform(request, key, said, msgspec.Raw, act)
