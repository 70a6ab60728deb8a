"""Handle one message and say what must become of it: the part that every broker has in common."""

import asyncio
from datetime import timedelta
from typing import assert_never

import msgspec

from shared.contracts.events import Event
from shared.logs import bind_correlation, get_logger
from shared.messaging.delivery_history import Trail, describe, printable, tier_after, tier_for
from shared.messaging.envelope import Envelope, decode, unwrap
from shared.messaging.errors import BadMessage, Reject, Retry, UnknownEvent
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Subscription
from shared.tasks import asked_to_end

log = get_logger(__name__)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the broker gave it: bytes that nobody has looked at yet."""

    body: bytes
    trail: Trail = Trail()
    redelivered: bool = False


class Done(msgspec.Struct, frozen=True):
    """Acknowledge it."""


class Later(msgspec.Struct, frozen=True):
    """Deliver it again after `tier`, with this trail."""

    tier: timedelta
    trail: Trail


class Dead(msgspec.Struct, frozen=True):
    """Put it into the dead-letter queue with this reason and trail."""

    reason: str
    trail: Trail


Outcome = Done | Later | Dead


async def settle(incoming: Incoming, subscription: Subscription, handlers: Handlers) -> Outcome:
    """Run the handler with the correlation id bound. Raises only CancelledError, when told to end."""
    try:
        envelope = decode(incoming.body)
    except BadMessage as error:
        return _unreadable(error, incoming, subscription)
    with bind_correlation(envelope.correlationid or "", envelope.subject):
        return await _read(envelope, incoming, subscription, handlers)


async def _read(
    envelope: Envelope, incoming: Incoming, subscription: Subscription, handlers: Handlers
) -> Outcome:
    try:
        event = unwrap(envelope)
        if type(event) not in subscription.events:
            raise UnknownEvent(f"{envelope.type} is not expected in {subscription.queue}")
    except BadMessage as error:
        return _unreadable(error, incoming, subscription)
    delivery = Delivery(
        envelope=envelope, attempt=incoming.trail.failures + 1, redelivered=incoming.redelivered
    )
    return await _handle(event, delivery, incoming.trail, subscription, handlers)


def _unreadable(error: BadMessage, incoming: Incoming, subscription: Subscription) -> Dead:
    outcome = Dead(describe(error), incoming.trail)
    log.warning("message dead-lettered", queue=subscription.queue, reason=outcome.reason)
    return outcome


async def _handle(
    event: Event, delivery: Delivery, trail: Trail, subscription: Subscription, handlers: Handlers
) -> Outcome:
    about = {"queue": subscription.queue, "type": event.type, "event_id": delivery.envelope.id}
    log.info("message received", attempt=delivery.attempt, redelivered=delivery.redelivered, **about)
    outcome: Outcome
    try:
        async with asyncio.timeout(subscription.handling_timeout.total_seconds()):
            await handlers.handle(event, delivery)
        outcome = Done()
    except Retry as later:
        outcome = _postponed(later, trail, subscription)
    except Reject as reject:
        outcome = Dead(printable(reject.reason), trail.failed(f"rejected: {reject.reason}"))
    except asyncio.CancelledError as error:
        if asked_to_end():
            raise
        outcome = _failed(error, trail, subscription)
    except Exception as error:
        log.exception("handler failed", attempt=delivery.attempt, **about)
        outcome = _failed(error, trail, subscription)
    _tell(outcome, about)
    return outcome


def _postponed(later: Retry, trail: Trail, subscription: Subscription) -> Later | Dead:
    tier = tier_for(timedelta(seconds=later.delay_s), subscription.retry_tiers)
    if later.counts:
        return _spaced(trail.failed(str(later)), str(later), subscription, tier)
    moved = trail.postponed(str(later))
    if moved.postponements > subscription.max_postponements:
        return Dead(f"postponed {trail.postponements} times", moved)
    return Later(tier, moved)


def _failed(error: BaseException, trail: Trail, subscription: Subscription) -> Later | Dead:
    failed = trail.failed(describe(error))
    tier = tier_after(failed.failures, subscription.retry_tiers)
    return _spaced(failed, describe(error), subscription, tier)


def _spaced(failed: Trail, what: str, subscription: Subscription, tier: timedelta) -> Later | Dead:
    if failed.failures >= subscription.max_attempts:
        return Dead(printable(f"failed {failed.failures} times, last: {what}"), failed)
    return Later(tier, failed)


def _tell(outcome: Outcome, about: dict[str, str]) -> None:
    match outcome:
        case Done():
            log.info("message handled", **about)
        case Later(tier=tier, trail=trail):
            log.info("message again later", delay_s=tier.total_seconds(), last=trail.history[-1], **about)
        case Dead(reason=reason):
            log.warning("message dead-lettered", reason=reason, **about)
        case _:
            assert_never(outcome)
