"""One message to one webhook, and what an answer to it means. Pure but for chance."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from notification_service.webhooks.endpoint import Endpoint
from shared.contracts import webhooks
from shared.contracts.webhooks import Attempt, Reason, Status

MOST_ATTEMPTS_SHOWN = 20
LONGEST_WAIT = timedelta(hours=24)
GONE = 410
# Answers that may say when to come back (RFC 9110 §10.2.3, RFC 6585 §4).
TOO_BUSY = frozenset({429, 502, 503, 504})


class Story(msgspec.Struct, frozen=True):
    """What a message's lines in the log belong to."""

    correlation_id: str = ""
    subject: str = ""


NO_STORY = Story()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the message's `webhook-id`. `order` sorts by age. `tries` counts those of this round, also one
    that died half-way; `begun_at` is when the first of them was. `token` is the right to settle it.
    `correlation_id` and `subject` are of the event that it tells of.
    """

    id: str
    owner_id: str
    endpoint_id: str
    order: str
    type: str
    payload: str
    created_at: datetime
    status: Status = "pending"
    due_at: datetime | None = None
    delivered_at: datetime | None = None
    begun_at: datetime | None = None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    token: str = ""
    correlation_id: str = ""
    subject: str = ""

    def shown(self) -> webhooks.Delivery:
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


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt: `status` without an answer is None, `error` is None when it was taken."""

    duration_s: float
    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from it for the delivery (`wait` until the next attempt), and for the endpoint."""

    status: Status
    wait: timedelta = timedelta()
    disable: Reason | None = None


def judge(delivery: Delivery, answer: Answer, schedule: Sequence[timedelta], chance: float) -> Verdict:
    """`schedule` are the waits after the first, second, … failure; after the last one it has failed for good.

    `chance` from 0 to 1 spreads each wait over ±20 %, so that what failed together is not tried together.
    """
    if answer.error is None:
        return Verdict(status="delivered")
    if answer.status == GONE:
        return Verdict(status="failed", disable="gone")
    if delivery.tries > len(schedule):
        return Verdict(status="failed", disable="failing")
    planned = schedule[delivery.tries - 1] * (0.8 + 0.4 * chance)
    asked = answer.retry_after if answer.retry_after and answer.status in TOO_BUSY else timedelta()
    return Verdict(status="pending", wait=max(planned, min(asked, LONGEST_WAIT)))


def message_id(endpoint_id: str, event_id: str) -> str:
    """The same for the same event, however often it is delivered to us, and never with a full stop in it."""
    return "msg_" + hashlib.sha256(f"{endpoint_id} {event_id}".encode()).hexdigest()[:32]


def new_delivery(
    endpoint: Endpoint,
    kind: str,
    payload: str,
    *,
    now: datetime,
    event_id: str | None = None,
    story: Story = NO_STORY,
    chance: Callable[[int], str] = secrets.token_hex,
) -> Delivery:
    """Due at once. Without an event it is a message of its own."""
    return Delivery(
        id=message_id(endpoint.id, event_id or chance(16)),
        owner_id=endpoint.owner_id,
        endpoint_id=endpoint.id,
        order=f"{int(now.timestamp() * 1000):012x}{chance(10)}",
        type=kind,
        payload=payload,
        created_at=now,
        due_at=now,
        correlation_id=story.correlation_id,
        subject=story.subject,
    )
