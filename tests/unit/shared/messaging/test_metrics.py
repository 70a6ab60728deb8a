"""Metrics of messages."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.clock import utc_now
from shared.contracts.events import VideoUploaded
from shared.messaging.envelope import wrap
from shared.messaging.metrics import MessageMetrics
from shared.messaging.outbox_metrics import outbox_sample
from tests.support.messaging.outbox import MemoryOutbox
from tests.support.metrics import value


def test_a_message_counts_as_running_until_it_is_settled() -> None:
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    with metrics.handling("mail", utc_now() - timedelta(seconds=40)) as handling:
        assert value(registry, "consumer_messages_in_progress", queue="mail") == 1
        handling.outcome = "retried"
    assert value(registry, "consumer_messages_in_progress", queue="mail") == 0
    assert value(registry, "consumer_messages_total", queue="mail", outcome="retried") == 1
    assert value(registry, "consumer_message_seconds_count", queue="mail") == 1
    assert value(registry, "consumer_message_wait_seconds_sum", queue="mail") >= 40


def test_a_message_that_is_not_settled_counts_as_interrupted() -> None:
    registry = CollectorRegistry()
    with pytest.raises(ConnectionError), MessageMetrics(registry).handling("mail", None):
        raise ConnectionError
    assert value(registry, "consumer_messages_total", queue="mail", outcome="interrupted") == 1


def test_publications_count_by_type_and_outcome() -> None:
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    with metrics.publication(VideoUploaded.type):
        pass
    with pytest.raises(ConnectionError), metrics.publication("made up by a client"):
        raise ConnectionError
    assert value(registry, "publisher_messages_total", type=VideoUploaded.type, outcome="confirmed") == 1
    assert value(registry, "publisher_messages_total", type="unknown", outcome="failed") == 1
    assert value(registry, "publisher_message_seconds_count") == 2


async def test_the_sample_of_an_outbox_is_its_length_and_the_age_of_the_oldest_event() -> None:
    outbox, registry, now = MemoryOutbox(), CollectorRegistry(), utc_now()
    sample = outbox_sample(outbox, registry, lambda: now)
    assert await sample.read() == (0, 0)
    for number, age in enumerate((30, 10)):
        event = VideoUploaded(conversion_id="c1")
        await outbox.store(wrap(event, "/test", "c1", f"e{number}", time=now - timedelta(seconds=age)))
    sample.set(await sample.read())
    assert value(registry, "outbox_events") == 2
    assert value(registry, "outbox_oldest_age_seconds") == 30
