"""Handlers of the records that another process could not store."""

from notification_service.email.ledger import SentLedger
from notification_service.webhooks.ports import Deliveries
from shared.contracts.events import EmailSent, WebhookDelivered
from shared.contracts.webhooks import Attempt
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_RECORDS


def record_handlers(ledger: SentLedger, deliveries: Deliveries) -> Handlers:
    """Maps EmailSent and WebhookDelivered to their records. While a store is unavailable they raise
    Unavailable.
    """

    async def record_email(event: EmailSent, _: Delivery) -> None:
        await ledger.record_sent(event.entry, event.lease_token)

    async def record_webhook(event: WebhookDelivered, _: Delivery) -> None:
        attempt = Attempt(at=event.at, status=event.status, duration=event.duration_s, error=None)
        await deliveries.record_delivered(event.delivery_id, attempt)

    return Handlers(
        {EmailSent: record_email, WebhookDelivered: record_webhook}, expected=NOTIFICATION_RECORDS.events
    )
