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
