"""Fan-out of events: one stored delivery for each browser of the owner."""

from collections.abc import Callable
from dataclasses import dataclass

from notification_service.push.messages import PUSH, ConversionEnded, encode_message
from notification_service.push.ports import Subscriptions
from notification_service.retry import redeliver_when_unavailable
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.ports import Deliveries
from shared.clock import utc_now
from shared.messaging.handlers import Delivery


@dataclass(frozen=True)
class PushFanout:
    """The dispatcher of webhooks sends the deliveries; `wake` notifies it."""

    subscriptions: Subscriptions
    deliveries: Deliveries
    wake: Callable[[], None]

    async def fan_out(self, event: ConversionEnded, delivery: Delivery) -> None:
        """Raises Retry while the store is unavailable. Repeated events store nothing new."""
        envelope, now = delivery.envelope, utc_now()
        with redeliver_when_unavailable():
            owned = await self.subscriptions.list_by_owner(event.owner_id)
            made = [
                new_delivery(
                    each,
                    PUSH,
                    encode_message(event),
                    now=now,
                    event_id=f"{envelope.source} {envelope.id}",
                    correlation_id=envelope.correlationid or "",
                    subject=envelope.subject,
                )
                for each in owned
            ]
            await self.deliveries.add(made)
        if made:
            self.wake()
