"""Record of an attempt: in the store, or, while that is unavailable, handed on through the broker."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from notification_service.retry import SOURCE, pause_until, retry_unavailable
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.ports import Deliveries
from notification_service.webhooks.retry_policy import DispatchPolicy, Outcome
from shared.contracts.events import WebhookDelivered
from shared.contracts.webhooks import Attempt
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Publisher
from shared.tasks import finish_when_cancelled

T = TypeVar("T")

# Time after a cancellation for a record: one call of the store, then its publication.
RECORD_GRACE_S = 9.5

log = get_logger(__name__)


class DeliveryRecorder:
    """Calls the store with retries, which end after a limit or when `stopping` is set.

    A successful attempt that could not be stored within `record_timeout` is published as WebhookDelivered, so
    that its record arrives before another process may take the delivery over; the process that receives it
    stores it. If the broker is unavailable as well, both are tried again until one of them takes it, for the
    last time when the process stops: then the message is sent again.
    """

    def __init__(
        self, deliveries: Deliveries, publisher: Publisher, policy: DispatchPolicy, stopping: asyncio.Event
    ) -> None:
        self._deliveries, self._publisher = deliveries, publisher
        self._policy, self._stopping = policy, stopping

    async def retry(self, call: Callable[[], Awaitable[T]], timeout: timedelta | None = None) -> T:
        """Repeats a call of a store for `timeout`, by default a lease. Raises Unavailable."""
        policy = self._policy
        return await retry_unavailable(
            call, timeout=timeout or policy.lease, pause=policy.store_pause, stopping=self._stopping
        )

    async def record(self, delivery: Delivery, attempt: Attempt, outcome: Outcome) -> None:
        """Like `complete`, and goes on for RECORD_GRACE_S after a cancellation: the attempt was made."""
        await finish_when_cancelled(self.complete(delivery, attempt, outcome), RECORD_GRACE_S)

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> None:
        """Raises Unavailable if the outcome is neither stored nor handed on."""
        is_sent = outcome.status == "delivered"
        while True:
            is_last = self._stopping.is_set()
            try:
                return await self._store_or_hand_on(delivery, attempt, outcome)
            except Unavailable:
                if is_last or not is_sent:
                    raise  # sent again
            log.warning("webhook sent but not recorded, will be recorded later", message=delivery.id)
            await pause_until(self._stopping, self._policy.store_pause)

    async def _store_or_hand_on(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> None:
        is_sent = attempt is not None and outcome.status == "delivered"
        try:
            stored = await self.retry(
                lambda: self._deliveries.complete(delivery, attempt, outcome),
                self._policy.record_timeout if is_sent else None,
            )
        except Unavailable:
            if attempt is None or not is_sent:
                raise
            await self._hand_on(delivery, attempt)
        else:
            if not stored:
                log.warning("webhook lease expired before its attempt ended", message=delivery.id)

    async def _hand_on(self, delivery: Delivery, attempt: Attempt) -> None:
        event = WebhookDelivered(
            delivery_id=delivery.id,
            at=attempt.at,
            status=attempt.status or 0,
            duration_s=attempt.duration,
        )
        envelope = wrap(
            event,
            SOURCE,
            delivery.subject or delivery.id,
            secrets.token_hex(16),
            correlation=delivery.correlation_id,
        )
        try:
            await self._publisher.publish(envelope)
        except PublishFailed as failure:
            raise Unavailable("Neither the store nor the broker can be reached.") from failure
        log.warning("webhook sent but not recorded, handed on", message=delivery.id)
