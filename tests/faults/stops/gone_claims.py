"""Claims of a process that is gone: of a mail and of a webhook, whose event is still to come.

Some gone processes had sent both and handed the records on, others had come to nothing.
"""

from dataclasses import dataclass
from datetime import timedelta

from notification_service.email.ledger import Lease
from notification_service.email.mongo_ledger import MongoLedger
from notification_service.retry import SOURCE
from notification_service.webhooks.delivery import new_delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.payloads import TYPES, Payloads
from notification_service.webhooks.ports import Lane
from shared.clock import utc_now
from shared.contracts.events import ConversionCompleted, ConversionFailed, EmailSent, WebhookDelivered
from shared.messaging.envelope import Envelope, wrap
from shared.mongo import Database

KEEP = timedelta(days=1)
STREAM = "tonegate/stops"


def entry_of(event_id: str) -> str:
    """Returns the id of the ledger's entry for an event of the stream."""
    return f"{STREAM} {event_id}"


@dataclass(frozen=True)
class GoneClaim:
    """What one gone process has claimed. `delivery_id` is None if a living process claimed it first."""

    entry: str
    token: str
    delivery_id: str | None

    def email_record(self) -> Envelope:
        return wrap(EmailSent(entry=self.entry, lease_token=self.token), SOURCE, self.token)

    def webhook_records(self) -> list[Envelope]:
        if self.delivery_id is None:
            return []
        event = WebhookDelivered(delivery_id=self.delivery_id, at=utc_now(), status=204, duration_s=0.1)
        return [wrap(event, SOURCE, self.delivery_id)]


class GoneProcess:
    """Claims as notification_service does, and never settles."""

    def __init__(self, database: Database, payloads: Payloads) -> None:
        self._ledger, self._deliveries = MongoLedger(database, KEEP), MongoDeliveries(database, KEEP)
        self._payloads = payloads

    async def claim(
        self,
        event: ConversionCompleted | ConversionFailed,
        envelope: Envelope,
        endpoint: Endpoint,
        lease: timedelta,
    ) -> GoneClaim:
        """Claims the mail and the webhook of an event that is not published yet. The endpoint's lane must be
        empty.
        """
        entry = entry_of(envelope.id)
        mail = await self._ledger.claim(entry, lease)
        assert isinstance(mail, Lease), f"the mail of {entry} is claimed or sent already"
        delivery = new_delivery(
            endpoint,
            TYPES[type(event)],
            self._payloads.encode_event(event, envelope.time),
            now=utc_now(),
            event_id=entry,
            correlation_id=envelope.correlationid or "",
            subject=envelope.subject,
        )
        await self._deliveries.add([delivery])
        lane = Lane(endpoint.owner_id, endpoint.id)
        claimed = await self._deliveries.claim(lane, lease, takeover=False)
        return GoneClaim(entry, mail.token, claimed.id if claimed else None)
