"""Events of webhooks."""

from datetime import datetime
from typing import ClassVar

from shared.contracts.event import Event


class WebhookChanged(Event, frozen=True, kw_only=True):
    """A webhook was created, or got another URL or secret: `change` names it in the owner's activity
    log.
    """

    type: ClassVar[str] = "webhook_changed"

    user_id: str
    change: str
    changed_at: datetime


class WebhookDelivered(Event, frozen=True, kw_only=True):
    """A webhook was delivered, but its store was unavailable; published for the process that records it.

    `delivery_id` is the `webhook-id` of the message, `status` that of the receiver's response.
    """

    type: ClassVar[str] = "webhook_delivered"

    delivery_id: str
    at: datetime
    status: int
    duration_s: float
