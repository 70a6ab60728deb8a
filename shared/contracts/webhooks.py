"""Bodies about webhooks, which the gateway and notification_service both speak."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

EventType = Literal["conversion.completed", "conversion.failed", "conversion.cancelled"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

Status = Literal["pending", "delivered", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)

Standing = Literal["enabled", "disabled"]
Reason = Literal["asked", "gone", "failing"]

Url = Annotated[
    str,
    msgspec.Meta(
        max_length=2048,
        pattern=r"^https?://[!-~]+(?![\s\S])",  # the service looks closer
        description="Where events are sent, with https. Only addresses that the whole internet can reach.",
        examples=["https://example.com/hooks/tonegate"],
    ),
]
Events = Annotated[
    list[EventType],
    msgspec.Meta(min_length=1, max_length=20, description="Of which events to tell."),
]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Without `events` it is told of all there are, also of those that come with a later version."""

    url: Url
    events: Events | None = None


class ChangeWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is. `enabled` begins to send again what happens from then on."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    events: Events | msgspec.UnsetType = msgspec.UNSET
    status: Standing | msgspec.UnsetType = msgspec.UNSET


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is told of events. `disabled_reason`: `asked` by its owner, `gone` when it answered
    410, `failing` when nothing got through for days. `failing_since` is null while the newest attempt worked.
    """

    id: str
    url: str
    events: tuple[EventType, ...]
    status: Standing
    disabled_reason: Reason | None
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime


class MadeWebhook(Webhook, frozen=True, kw_only=True):
    """`secret` verifies signatures (Standard Webhooks, `v1`). It is shown here and never again."""

    secret: str


class WebhookList(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[Webhook, ...]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a message was sent. `status` is the receiver's answer, `duration` in seconds; `error` is
    null when it worked, else a word.
    """

    at: datetime
    status: int | None
    duration: float
    error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one webhook. `id` is its `webhook-id`, the same at each attempt; `attempts` are the latest
    twenty, oldest first. `next_attempt_at` is null when there is none to come.
    """

    id: str
    type: str
    status: Status
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: tuple[Attempt, ...]
    payload: dict[str, Any]


class DeliveryPage(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: tuple[Delivery, ...]
    next_cursor: str | None
