"""Fan-out of events: one stored delivery for each subscribed webhook."""

from collections.abc import Callable
from datetime import datetime

from notification_service.retry import redeliver_when_unavailable
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.payloads import ConversionEnded, Payloads, event_type
from notification_service.webhooks.ports import Deliveries, Endpoints
from shared.messaging.handlers import Delivery


class WebhookFanout:
    """Stores the deliveries of an event; the dispatcher sends them. `wake` notifies the dispatcher."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        payloads: Payloads,
        now: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoints, self._deliveries, self._payloads = endpoints, deliveries, payloads
        self._now, self._wake = now, wake

    async def fan_out(self, event: ConversionEnded, delivery: Delivery) -> None:
        """Raises Retry while the store is unavailable."""
        envelope, kind = delivery.envelope, event_type(event)
        event_id = f"{envelope.source} {envelope.id}"  # unique together (CloudEvents 1.0.2, `id`)
        payload, now = self._payloads.encode_event(event, envelope.time), self._now()
        with redeliver_when_unavailable():
            owned = await self._endpoints.list_by_owner(event.owner_id)
            made = [
                new_delivery(
                    each,
                    kind,
                    payload,
                    now=now,
                    event_id=event_id,
                    correlation_id=envelope.correlationid or "",
                    subject=envelope.subject,
                )
                for each in owned
                if each.wants(kind)
            ]
            await self._deliveries.add(made)
        if made:
            self._wake()
