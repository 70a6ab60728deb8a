"""Fan-out of events: one stored delivery for each subscribed webhook."""

from collections.abc import Callable
from dataclasses import dataclass

from notification_service.retry import redeliver_when_unavailable
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.payloads import TYPES, ConversionEnded, Payloads
from notification_service.webhooks.ports import Deliveries, Endpoints
from shared.clock import utc_now
from shared.messaging.handlers import Delivery


@dataclass(frozen=True, kw_only=True)
class WebhookFanout:
    """Stores the deliveries of an event; the dispatcher sends them. `wake` notifies the dispatcher."""

    endpoints: Endpoints
    deliveries: Deliveries
    payloads: Payloads
    wake: Callable[[], None]

    async def fan_out(self, event: ConversionEnded, delivery: Delivery) -> None:
        """Raises Retry while the store is unavailable."""
        envelope, kind, now = delivery.envelope, TYPES[type(event)], utc_now()
        payloads = {
            links: self.payloads.encode_event(event, envelope.time, links=links) for links in (True, False)
        }
        with redeliver_when_unavailable():
            owned = await self.endpoints.list_by_owner(event.owner_id)
            made = [
                new_delivery(
                    each,
                    kind,
                    payloads[each.links],
                    now=now,
                    event_id=f"{envelope.source} {envelope.id}",  # unique together (CloudEvents 1.0.2, `id`)
                    correlation_id=envelope.correlationid or "",
                    subject=envelope.subject,
                )
                for each in owned
                if each.wants(kind)
            ]
            await self.deliveries.add(made)
        if made:
            self.wake()
