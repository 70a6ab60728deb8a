"""Ports of outbound webhook requests: name resolution and the HTTP client."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec
from yarl import URL

from notification_service.webhooks.outbound.address_policy import IPAddress

# Returns all addresses of a host name, uncached. Raises OSError or TimeoutError.
Resolver = Callable[[str], Awaitable[Sequence[IPAddress]]]

# The error of a request that was not sent because its address has had its share.
RATE_LIMITED = "rate_limited"


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one request. `status` is None without a response; `error` is None for a 2xx response."""

    duration_s: float
    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


class WebhookClient(Protocol):
    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> AttemptResult:
        """Sends one request within a timeout and never raises for a network error. Raises Unavailable if
        the admission of addresses does.

        Follows no redirect and connects only to addresses that the address policy allows.
        """
