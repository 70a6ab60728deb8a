"""Outcome of an attempt for its delivery and endpoint, and message ids."""

from datetime import timedelta

import pytest

from notification_service.settings import RETRIES
from notification_service.webhooks.delivery import message_id, new_delivery
from notification_service.webhooks.outbound.ports import AttemptResult
from notification_service.webhooks.retry_policy import evaluate_attempt
from shared.settings import duration
from tests.support.webhooks import NOON, delivery, endpoint

SCHEDULE = tuple(map(duration, RETRIES))
MADE = delivery(endpoint(), tries=1)


def refused(status: int | None = 500, retry_after: timedelta | None = None) -> AttemptResult:
    return AttemptResult(duration_s=1, status=status, error="refused", retry_after=retry_after)


def test_delays_span_days_with_jitter() -> None:
    assert sum(SCHEDULE, timedelta()) > timedelta(days=3)
    for tries, wait in enumerate(SCHEDULE, start=1):
        made = delivery(endpoint(), tries=tries)
        assert evaluate_attempt(made, refused(), SCHEDULE, 0).wait == wait * 0.8
        assert evaluate_attempt(made, refused(), SCHEDULE, 1).wait == wait * 1.2
        assert evaluate_attempt(made, refused(), SCHEDULE, 0.5).status == "pending"


def test_a_delivery_fails_after_the_last_try() -> None:
    verdict = evaluate_attempt(delivery(endpoint(), tries=len(SCHEDULE) + 1), refused(), SCHEDULE, 0.5)
    assert (verdict.status, verdict.disable) == ("failed", "failing")


def test_410_is_not_retried() -> None:
    verdict = evaluate_attempt(MADE, refused(410), SCHEDULE, 0.5)
    assert (verdict.status, verdict.disable) == ("failed", "gone")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_of_a_busy_receiver_is_honoured(status: int) -> None:
    hour = timedelta(hours=1)
    assert evaluate_attempt(MADE, refused(status, hour), SCHEDULE, 0.5).wait == hour


@pytest.mark.parametrize(
    ("status", "said", "wait"),
    [
        (503, timedelta(days=900), timedelta(hours=24)),
        (503, timedelta(seconds=-5), timedelta(seconds=5)),
        (503, timedelta(seconds=1), timedelta(seconds=5)),
        (500, timedelta(hours=1), timedelta(seconds=5)),
        (301, timedelta(hours=1), timedelta(seconds=5)),
    ],
)
def test_retry_after_is_bounded(status: int, said: timedelta, wait: timedelta) -> None:
    assert evaluate_attempt(MADE, refused(status, said), SCHEDULE, 0.5).wait == wait


def test_2xx_is_delivered() -> None:
    assert (
        evaluate_attempt(MADE, AttemptResult(duration_s=1, status=204), SCHEDULE, 0.5).status == "delivered"
    )


def test_a_message_id_depends_on_event_and_webhook() -> None:
    one, other = endpoint(), endpoint()
    assert delivery(one).id == delivery(one).id
    assert len({delivery(one).id, delivery(other).id, delivery(one, "event-2").id}) == 3
    assert "." not in message_id("a.b", "c.d")  # full stops separate the signed parts
    assert new_delivery(one, "x", "{}", now=NOON).id != new_delivery(one, "x", "{}", now=NOON).id
