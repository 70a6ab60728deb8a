"""Dispatch of one message to its handler, and the outcome for the broker, whatever its kind."""

import asyncio
from datetime import timedelta
from typing import assert_never

import msgspec

from shared.contracts.events import Event
from shared.logs import bind_correlation, get_logger
from shared.messaging.delivery_history import (
    DeliveryHistory,
    describe,
    printable,
    tier_after,
    tier_for,
)
from shared.messaging.envelope import Envelope, decode, unwrap
from shared.messaging.errors import BadMessage, Reject, Retry, UnknownEvent
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Subscription
from shared.tasks import cancel_requested

log = get_logger(__name__)


class IncomingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the broker delivered it; `body` is not validated yet."""

    body: bytes
    history: DeliveryHistory = DeliveryHistory()
    redelivered: bool = False


class Acknowledge(msgspec.Struct, frozen=True):
    """Outcome: remove the message from its queue."""


class RetryLater(msgspec.Struct, frozen=True):
    """Outcome: deliver the message again after `tier`, with this history."""

    tier: timedelta
    history: DeliveryHistory


class DeadLettered(msgspec.Struct, frozen=True):
    """Outcome: move the message to the dead-letter queue, with this reason and history."""

    reason: str
    history: DeliveryHistory


Outcome = Acknowledge | RetryLater | DeadLettered


async def dispatch(incoming: IncomingMessage, subscription: Subscription, handlers: Handlers) -> Outcome:
    """Runs the event's handler with the message's correlation id bound to the log.

    Raises only CancelledError, when the task was cancelled.
    """
    try:
        envelope = decode(incoming.body)
    except BadMessage as error:
        return _unreadable(error, incoming, subscription)
    with bind_correlation(envelope.correlationid or "", envelope.subject):
        return await _dispatch_envelope(envelope, incoming, subscription, handlers)


async def _dispatch_envelope(
    envelope: Envelope, incoming: IncomingMessage, subscription: Subscription, handlers: Handlers
) -> Outcome:
    try:
        event = unwrap(envelope)
        if type(event) not in subscription.events:
            raise UnknownEvent(f"{envelope.type} is not expected in {subscription.queue}")
    except BadMessage as error:
        return _unreadable(error, incoming, subscription)
    delivery = Delivery(
        envelope=envelope,
        attempt=incoming.history.failures + 1,
        redelivered=incoming.redelivered,
    )
    return await _handle(event, delivery, incoming.history, subscription, handlers)


def _unreadable(error: BadMessage, incoming: IncomingMessage, subscription: Subscription) -> DeadLettered:
    outcome = DeadLettered(describe(error), incoming.history)
    log.warning("message dead-lettered", queue=subscription.queue, reason=outcome.reason)
    return outcome


async def _handle(
    event: Event, delivery: Delivery, history: DeliveryHistory, subscription: Subscription, handlers: Handlers
) -> Outcome:
    about = {"queue": subscription.queue, "type": event.type, "event_id": delivery.envelope.id}
    log.info("message received", attempt=delivery.attempt, redelivered=delivery.redelivered, **about)
    outcome: Outcome
    try:
        async with asyncio.timeout(subscription.handling_timeout.total_seconds()):
            await handlers.handle(event, delivery)
        outcome = Acknowledge()
    except Retry as retry:
        outcome = _after_retry(retry, history, subscription)
    except Reject as reject:
        outcome = DeadLettered(printable(reject.reason), history.failed(f"rejected: {reject.reason}"))
    except asyncio.CancelledError as error:
        if cancel_requested():
            raise
        outcome = _after_failure(error, history, subscription)
    except Exception as error:
        log.exception("handler failed", attempt=delivery.attempt, **about)
        outcome = _after_failure(error, history, subscription)
    _log_outcome(outcome, about)
    return outcome


def _after_retry(
    retry: Retry, history: DeliveryHistory, subscription: Subscription
) -> RetryLater | DeadLettered:
    tier = tier_for(timedelta(seconds=retry.delay_s), subscription.retry_tiers)
    if retry.counts:
        return _bounded(history.failed(str(retry)), str(retry), subscription, tier)
    postponed = history.postponed(str(retry))
    if postponed.postponements > subscription.max_postponements:
        return DeadLettered(f"postponed {history.postponements} times", postponed)
    return RetryLater(tier, postponed)


def _after_failure(
    error: BaseException, history: DeliveryHistory, subscription: Subscription
) -> RetryLater | DeadLettered:
    failed = history.failed(describe(error))
    tier = tier_after(failed.failures, subscription.retry_tiers)
    return _bounded(failed, describe(error), subscription, tier)


def _bounded(
    failed: DeliveryHistory, reason: str, subscription: Subscription, tier: timedelta
) -> RetryLater | DeadLettered:
    """Dead-letters the message once its attempts are used up."""
    if failed.failures >= subscription.max_attempts:
        return DeadLettered(printable(f"failed {failed.failures} times, last: {reason}"), failed)
    return RetryLater(tier, failed)


def _log_outcome(outcome: Outcome, about: dict[str, str]) -> None:
    match outcome:
        case Acknowledge():
            log.info("message handled", **about)
        case RetryLater(tier=tier, history=history):
            log.info(
                "message will be retried", delay_s=tier.total_seconds(), last=history.entries[-1], **about
            )
        case DeadLettered(reason=reason):
            log.warning("message dead-lettered", reason=reason, **about)
        case _:
            assert_never(outcome)
