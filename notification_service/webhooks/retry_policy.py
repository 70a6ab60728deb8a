"""Retry policy of webhooks: limits of concurrent sending, and what follows from an attempt."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.outbound.ports import RATE_LIMITED, AttemptResult
from shared.contracts.webhooks import DeliveryStatus, Reason

MAX_RETRY_AFTER = timedelta(hours=24)
GONE = 410
# The delay of a message whose address has had its share.
BUSY = timedelta(minutes=1)
# Claims that came to no attempt: the process died or was stopped, or the store unavailable, before it.
SPARE_CLAIMS = 5
# Responses whose Retry-After is honoured (RFC 9110 §10.2.3, RFC 6585 §4).
RETRY_AFTER_STATUSES = frozenset({429, 502, 503, 504})


class DispatchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of sending in one process.

    `concurrency`, `per_account` and `per_endpoint` bound the messages in flight. `lease` is longer than an
    attempt and its record; an attempt begins within `begin_within` of its claim, or not at all. `schedule`
    holds the delays after the first, second, … failed attempt. `poll` is the interval of looking for due
    messages, `store_pause` the delay while the store is unavailable; a record that the store does not take
    within `record_timeout` is handed on.
    """

    lease: timedelta
    schedule: tuple[timedelta, ...]
    begin_within: timedelta = timedelta(minutes=1)
    concurrency: int = 32
    per_account: int = 8
    per_endpoint: int = 4
    poll: timedelta = timedelta(seconds=1)
    store_pause: timedelta = timedelta(seconds=2)
    record_timeout: timedelta = timedelta(seconds=3)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from an attempt: the status of the delivery, the delay of a retry (`wait`), and the
    reason to disable the endpoint.
    """

    status: DeliveryStatus
    wait: timedelta = timedelta()
    disable: Reason | None = None


def is_used_up(delivery: Delivery, schedule: Sequence[timedelta]) -> bool:
    """Whether it was claimed so often that processes must have died while sending it."""
    return delivery.tries > len(schedule) + 1 + SPARE_CLAIMS


def evaluate_attempt(
    delivery: Delivery, result: AttemptResult, schedule: Sequence[timedelta], chance: float
) -> Outcome:
    """Decides about a delivery after an attempt. It fails permanently after the last delay of `schedule`.

    `chance`, from 0 to 1, spreads each delay over ±20 % (jitter).
    """
    if result.error is None:
        return Outcome(status="delivered")
    if result.error == RATE_LIMITED:
        return Outcome(status="failed" if delivery.tries > len(schedule) else "pending", wait=BUSY)
    if result.status == GONE:
        return Outcome(status="failed", disable="gone")
    if delivery.tries > len(schedule):
        return Outcome(status="failed", disable="failing")
    planned = schedule[delivery.tries - 1] * (0.8 + 0.4 * chance)
    after = result.retry_after
    requested = after if after and result.status in RETRY_AFTER_STATUSES else timedelta()
    return Outcome(status="pending", wait=max(planned, min(requested, MAX_RETRY_AFTER)))
