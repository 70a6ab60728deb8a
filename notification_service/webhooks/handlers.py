"""Events → messages to whoever wants to know; and nothing is left of an account that has gone, or of whoever
had it before its owner.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from notification_service.webhooks.delivery import Story, new_delivery
from notification_service.webhooks.payloads import Ended, Payloads, type_of
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from shared.contracts.events import (
    AccountClaimed,
    AccountDeleted,
    ConversionCancelled,
    ConversionCompleted,
    ConversionFailed,
)
from shared.errors import Unavailable
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS, NOTIFICATION_WEBHOOKS

STORE_PAUSE_S = 5.0
# For so long after an account has gone, a call that was let in before may still make a webhook.
LATECOMERS = timedelta(minutes=1)


class Telling:
    """Acknowledged once the messages are stored; sending them is another's work."""

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

    async def ended(self, event: Ended, delivery: Delivery) -> None:
        envelope, kind = delivery.envelope, type_of(event)
        event_id = f"{envelope.source} {envelope.id}"  # unique together (CloudEvents 1.0.2, `id`)
        story = Story(envelope.correlationid or "", envelope.subject)
        payload, now = self._payloads.about(event, envelope.time), self._now()
        try:
            wanted = [each for each in await self._endpoints.of(event.owner_id) if each.wants(kind)]
            await self._deliveries.add(
                [
                    new_delivery(each, kind, payload, now=now, event_id=event_id, story=story)
                    for each in wanted
                ]
            )
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        if wanted:
            self._wake()

    async def left(self, event: AccountDeleted, delivery: Delivery) -> None:
        """At once, and once more when nobody can come late any more."""
        try:
            await self._endpoints.forget(event.user_id)
            await self._deliveries.forget(event.user_id)
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        self._once_more(delivery)

    async def claimed(self, event: AccountClaimed, delivery: Delivery) -> None:
        """What was made before, or with a sign-in or API key from before, is not its owner's. Twice, too."""
        try:
            for each in await self._endpoints.of(event.user_id):
                if each.created_at <= event.claimed_at or each.session_id in event.ended:
                    await self._endpoints.remove(event.user_id, each.id)
                    await self._deliveries.remove(Lane(event.user_id, each.id))
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        self._once_more(delivery)

    def _once_more(self, delivery: Delivery) -> None:
        left = delivery.envelope.time + LATECOMERS - self._now()
        if left > timedelta():
            raise Retry(left.total_seconds() + 1, "once more, for what began meanwhile", counts=False)


def webhook_handlers(telling: Telling) -> Handlers:
    return Handlers(
        dict.fromkeys((ConversionCompleted, ConversionFailed, ConversionCancelled), telling.ended),
        expected=NOTIFICATION_WEBHOOKS.events,
    )


def account_handlers(telling: Telling) -> Handlers:
    return Handlers(
        {AccountDeleted: telling.left, AccountClaimed: telling.claimed}, expected=NOTIFICATION_ACCOUNTS.events
    )
