"""Mistakes in what people are told: twice, never, or nonsense."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.clients.auth import AuthClient
from gateway.core.principal import Principal
from notification_service.adapters.mongo import MongoLedger
from notification_service.adapters.mongo_deliveries import MongoDeliveries
from notification_service.ports import Claim, Granted
from notification_service.webhooks.delivery import Delivery

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FAILS_ONE_IN = 4


def no_ledger() -> None:
    """Every delivery of an event is a mail."""
    claim = MongoLedger.claim

    async def always(self: MongoLedger, event_id: str, lease: timedelta) -> Claim:
        found = await claim(self, event_id, lease)
        return found if isinstance(found, Granted) else Granted(token="", attempts=0, since=EPOCH)

    MongoLedger.claim = always  # type: ignore[method-assign]


def never_send_a_webhook() -> None:
    """Whoever registered one waits in vain."""

    async def dropped(self: MongoDeliveries, deliveries: Sequence[Delivery]) -> None:
        return

    MongoDeliveries.add = dropped  # type: ignore[method-assign]


def answer_with_500() -> None:
    """Something nobody thought of, now and then."""
    introspect = AuthClient.introspect

    async def failing(self: AuthClient, token: str) -> Principal | None:
        if random.randrange(FAILS_ONE_IN) == 0:
            raise RuntimeError("nobody thought of this")
        return await introspect(self, token)

    AuthClient.introspect = failing  # type: ignore[method-assign]
