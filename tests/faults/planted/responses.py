"""Planted defects of mails, webhooks and responses: repeated, missing, late or invalid."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from litestar.response.base import ASGIResponse

from gateway.clients.introspection import IntrospectionClient
from gateway.identity.principal import Principal
from gateway.proxy.relay import AnyRequest, Relay
from gateway.query import Query
from notification_service.email.ledger import Claim, Lease
from notification_service.email.mongo_ledger import MongoLedger
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.outbound.ports import AttemptResult
from notification_service.webhooks.sender import WebhookSender
from shared.errors import Unavailable

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FAILS_ONE_IN = 4
# Lists are requested less often than anything else.
LISTS_FAIL_ONE_IN = 2
# Longer than the client's timeout, shorter than the gateway's grace period.
HANGS_S = 33.0


def no_ledger() -> None:
    """Each delivery of an event sends a mail."""
    claim = MongoLedger.claim

    async def always(self: MongoLedger, event_id: str, lease: timedelta, *, takeover: bool = True) -> Claim:
        found = await claim(self, event_id, lease, takeover=takeover)
        return found if isinstance(found, Lease) else Lease(token="", attempts=0, since=EPOCH)

    MongoLedger.claim = always  # type: ignore[method-assign]


def never_send_a_webhook() -> None:
    """Webhook deliveries are never stored."""

    async def dropped(self: MongoDeliveries, deliveries: Sequence[Delivery]) -> None:
        return

    MongoDeliveries.add = dropped  # type: ignore[method-assign]


def send_each_webhook_twice() -> None:
    """Each webhook message is posted twice."""
    post = WebhookSender._post

    async def twice(
        self: WebhookSender, endpoint: Endpoint, delivery: Delivery, began: datetime
    ) -> AttemptResult:
        await post(self, endpoint, delivery, began)
        return await post(self, endpoint, delivery, began)

    WebhookSender._post = twice  # type: ignore[method-assign]


def answer_with_500() -> None:
    """Some introspections raise an unexpected error."""
    introspect = IntrospectionClient.introspect

    async def failing(self: IntrospectionClient, token: str) -> Principal | None:
        if random.randrange(FAILS_ONE_IN) == 0:
            raise RuntimeError("planted error")
        return await introspect(self, token)

    IntrospectionClient.introspect = failing  # type: ignore[method-assign]


def never_answer() -> None:
    """Some list requests are answered only after the client's timeout."""

    async def wait() -> None:
        await asyncio.sleep(HANGS_S)

    _now_and_then(wait)


def turn_away_for_good() -> None:
    """Some list requests get 503 without Retry-After."""

    async def refuse() -> None:
        away = Unavailable()
        away.headers.pop("Retry-After")
        raise away

    _now_and_then(refuse)


def _now_and_then(happens: Callable[[], Awaitable[None]]) -> None:
    """Calls `happens` before some list requests are relayed."""
    stream = Relay.stream

    async def mostly(
        self: Relay, request: AnyRequest, path: str, *, query: Query = (), caller: Principal | None
    ) -> ASGIResponse:
        is_list = request.method == "GET" and path == "/v1/conversions"
        if is_list and random.randrange(LISTS_FAIL_ONE_IN) == 0:
            await happens()
        return await stream(self, request, path, query=query, caller=caller)

    Relay.stream = mostly  # type: ignore[method-assign]
