"""Request and response bodies of webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from shared.contracts.fields import Password

EventType = Literal["conversion.completed", "conversion.failed", "conversion.cancelled"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

DeliveryStatus = Literal["pending", "delivered", "failed"]
STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)

ChangeOfWebhooks = Literal["webhook_created", "webhook_changed", "webhook_secret_changed", "webhook_deleted"]
WebhookStatus = Literal["enabled", "disabled"]
Reason = Literal["asked", "gone", "failing"]

Url = Annotated[
    str,
    msgspec.Meta(
        max_length=2048,
        pattern=r"^https?://[!-~]+(?![\s\S])",  # notification_service validates the URL in full
        description="URL that events are sent to, with https. Its host must have public addresses only.",
        examples=["https://example.com/hooks/tonegate"],
    ),
]
Events = Annotated[
    list[EventType],
    msgspec.Meta(min_length=1, max_length=20, description="Types of events that are sent."),
]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A webhook to create. Without `events` it gets events of all types, also those of later versions.
    `current_password` takes the place of a fresh proof.
    """

    url: Url
    events: Events | None = None
    current_password: Password | None = None


class ChangeWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes of a webhook. Omitted fields stay as they are. `enabled` resumes with events from then on. A
    new `url` needs a fresh proof, or `current_password` in its place.
    """

    url: Url | msgspec.UnsetType = msgspec.UNSET
    events: Events | msgspec.UnsetType = msgspec.UNSET
    status: WebhookStatus | msgspec.UnsetType = msgspec.UNSET
    current_password: Password | None = None


class WebhookChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From the gateway to auth_service: a change of webhooks that the caller has requested, before it is
    made.
    """

    change: ChangeOfWebhooks
    current_password: Password | None = None


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `disabled_reason`: `asked` by its owner, `gone` when the URL answered 410, `failing` when
    all attempts failed for days. `failing_since` is null when the latest attempt succeeded.
    """

    id: str
    url: str
    events: tuple[EventType, ...]
    status: WebhookStatus
    disabled_reason: Reason | None
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime


class MadeWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook with its signing secret (Standard Webhooks, `v1`), which is returned only here."""

    secret: str


class WebhookList(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[Webhook, ...]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver a message. `status` is that of the receiver's response, `duration` is in
    seconds, and `error` is null after success and a short code otherwise.
    """

    at: datetime
    status: int | None
    duration: float
    error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one webhook. `id` is its `webhook-id`, the same in each attempt. `attempts` are the latest
    twenty, oldest first. `next_attempt_at` is null when no attempt is scheduled.
    """

    id: str
    type: str
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: tuple[Attempt, ...]
    payload: dict[str, Any]


class DeliveryPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[Delivery, ...]
    next_cursor: str | None
