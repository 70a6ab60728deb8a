"""One message to one webhook endpoint, as it is stored."""

import hashlib
import secrets
from datetime import datetime
from typing import Protocol

import msgspec

from shared.contracts import webhooks
from shared.contracts.webhooks import Attempt, DeliveryStatus

MAX_ATTEMPTS_KEPT = 20


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one endpoint, with its attempts.

    `id` is sent as `webhook-id`; `order` sorts by age. `tries` counts the attempts since creation or replay,
    including those that ended with their process; `begun_at` is the time of the first one. `token`
    identifies the current claim. `by_hand`: the owner has caused it by a call. `correlation_id` and
    `subject` are copied from the event.
    """

    id: str
    owner_id: str
    endpoint_id: str
    order: str
    type: str
    payload: str
    created_at: datetime
    status: DeliveryStatus = "pending"
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    begun_at: datetime | None = None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    token: str = ""
    by_hand: bool = False
    correlation_id: str = ""
    subject: str = ""

    def to_schema(self) -> webhooks.Delivery:
        return webhooks.Delivery(
            id=self.id,
            type=self.type,
            status=self.status,
            created_at=self.created_at,
            next_attempt_at=self.due_at if self.status == "pending" else None,
            delivered_at=self.delivered_at,
            attempts=self.attempts,
            payload=msgspec.json.decode(self.payload),
        )


def message_id(endpoint_id: str, event_id: str) -> str:
    """Returns the id of the message about an event: stable across redeliveries, without full stops."""
    return "msg_" + hashlib.sha256(f"{endpoint_id} {event_id}".encode()).hexdigest()[:32]


class Receiver(Protocol):
    """What a delivery is for: a webhook, or a browser."""

    @property
    def id(self) -> str: ...

    @property
    def owner_id(self) -> str: ...


def new_delivery(
    endpoint: Receiver,
    kind: str,
    payload: str,
    *,
    now: datetime,
    event_id: str | None = None,
    correlation_id: str = "",
    subject: str = "",
) -> Delivery:
    """Returns a delivery that is due at `now`. Without `event_id` its id is random."""
    return Delivery(
        id=message_id(endpoint.id, event_id or secrets.token_hex(16)),
        owner_id=endpoint.owner_id,
        endpoint_id=endpoint.id,
        order=f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}",
        type=kind,
        payload=payload,
        created_at=now,
        due_at=now,
        correlation_id=correlation_id,
        subject=subject,
    )
