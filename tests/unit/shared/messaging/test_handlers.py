"""Handlers must match the expected events exactly."""

import pytest

from shared.contracts.events import ConversionCompleted, ConversionFailed, Event
from shared.messaging.handlers import Delivery, Handler, Handlers, MissingHandler
from shared.messaging.subscriptions import NOTIFICATION_MAIL, SUBSCRIPTIONS


async def handle(event: Event, delivery: Delivery) -> None: ...


def test_a_missing_handler_is_named() -> None:
    with pytest.raises(MissingHandler, match="no handler for conversion_failed"):
        Handlers({ConversionCompleted: handle}, expected=NOTIFICATION_MAIL.events)


def test_an_unexpected_handler_is_named() -> None:
    both: dict[type[Event], Handler] = {ConversionCompleted: handle, ConversionFailed: handle}
    with pytest.raises(MissingHandler, match="unexpected conversion_failed"):
        Handlers(both, expected=[ConversionCompleted])


def test_no_two_subscriptions_share_a_queue() -> None:
    assert len({inbox.queue for inbox in SUBSCRIPTIONS}) == len(SUBSCRIPTIONS)
