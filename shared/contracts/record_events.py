"""Events by which one notification process has another write a record that it could not write."""

from datetime import datetime
from typing import ClassVar

from shared.contracts.event import Event


class EmailSent(Event, frozen=True, kw_only=True):
    """An email was sent, but the ledger was unavailable; published for the process that records it.

    `entry` is the id of its event in the ledger, `lease_token` that of the lease under which it was sent.
    """

    type: ClassVar[str] = "email_sent"

    entry: str
    lease_token: str


class WebhookDelivered(Event, frozen=True, kw_only=True):
    """A webhook was delivered, but its store was unavailable; published for the process that records it.

    `delivery_id` is the `webhook-id` of the message, `status` that of the receiver's response.
    """

    type: ClassVar[str] = "webhook_delivered"

    delivery_id: str
    at: datetime
    status: int
    duration_s: float
