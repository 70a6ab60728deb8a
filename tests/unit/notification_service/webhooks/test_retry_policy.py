"""What an answer means for a message and its webhook."""

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


def test_the_waits_span_days_and_spread() -> None:
    assert sum(SCHEDULE, timedelta()) > timedelta(days=3)
    for tries, wait in enumerate(SCHEDULE, start=1):
        made = delivery(endpoint(), tries=tries)
        assert evaluate_attempt(made, refused(), SCHEDULE, 0).wait == wait * 0.8
        assert evaluate_attempt(made, refused(), SCHEDULE, 1).wait == wait * 1.2
        assert evaluate_attempt(made, refused(), SCHEDULE, 0.5).status == "pending"


def test_after_the_last_try_it_has_failed_for_good() -> None:
    verdict = evaluate_attempt(delivery(endpoint(), tries=len(SCHEDULE) + 1), refused(), SCHEDULE, 0.5)
    assert (verdict.status, verdict.disable) == ("failed", "failing")


def test_one_that_is_gone_is_not_tried_again() -> None:
    verdict = evaluate_attempt(MADE, refused(410), SCHEDULE, 0.5)
    assert (verdict.status, verdict.disable) == ("failed", "gone")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_is_busy_says_when(status: int) -> None:
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
def test_but_not_for_how_long_it_likes(status: int, said: timedelta, wait: timedelta) -> None:
    assert evaluate_attempt(MADE, refused(status, said), SCHEDULE, 0.5).wait == wait


def test_what_was_taken_is_delivered() -> None:
    assert (
        evaluate_attempt(MADE, AttemptResult(duration_s=1, status=204), SCHEDULE, 0.5).status == "delivered"
    )


def test_a_messages_id_is_its_events_and_its_webhooks() -> None:
    one, other = endpoint(), endpoint()
    assert delivery(one).id == delivery(one).id
    assert len({delivery(one).id, delivery(other).id, delivery(one, "event-2").id}) == 3
    assert "." not in message_id("a.b", "c.d")  # it is signed between full stops
    assert new_delivery(one, "x", "{}", now=NOON).id != new_delivery(one, "x", "{}", now=NOON).id
