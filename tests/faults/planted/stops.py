"""Planted defects of graceful stops: connections closed too early, records not waited for."""

import asyncio

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt
from shared.http import server
from shared.http.graceful_stop import GracefulStop

# Longer than a stop.
LATER_S = 8.0


def record_webhooks_later() -> None:
    """A webhook counts as done before it is recorded: a stop between the two loses the record."""
    complete = DeliveryRecorder.complete
    records: set[asyncio.Task[None]] = set()

    async def record(
        self: DeliveryRecorder, delivery: Delivery, attempt: Attempt | None, outcome: Outcome
    ) -> None:
        await asyncio.sleep(LATER_S)
        await complete(self, delivery, attempt, outcome)

    async def later(
        self: DeliveryRecorder, delivery: Delivery, attempt: Attempt | None, outcome: Outcome
    ) -> None:
        task = asyncio.create_task(record(self, delivery, attempt, outcome))
        records.add(task)
        task.add_done_callback(records.discard)

    DeliveryRecorder.complete = later  # type: ignore[method-assign]


def close_kept_connections_at_once() -> None:
    """A stop closes idle connections without waiting for requests that are on their way."""

    async def at_once(self: GracefulStop, period_s: float) -> None:
        return

    GracefulStop.quiet = at_once  # type: ignore[method-assign]
    server.FIRST_REQUEST_S = 0.0
