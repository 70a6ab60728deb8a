"""Metrics of consumed and published messages, by queue or by event type."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.clock import utc_now
from shared.contracts.events import EVENTS, Event
from shared.metrics import LONG_BUCKETS, SHORT_BUCKETS, age_s

KNOWN_TYPES = frozenset(event.type for event in EVENTS)


@dataclass
class Handling:
    """One message that is being handled. `outcome` is set when it is settled."""

    outcome: str = "interrupted"


class MessageMetrics:
    """Counts the messages of one process; one for each registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        queue = ("queue",)
        self._handled = Counter(
            "consumer_messages", "Messages by outcome", ("queue", "outcome"), registry=registry
        )
        self._seconds = Histogram(
            "consumer_message_seconds",
            "Time from receipt to settlement",
            queue,
            buckets=LONG_BUCKETS,
            registry=registry,
        )
        self._waited = Histogram(
            "consumer_message_wait_seconds",
            "Time between publication and receipt, that in retry queues included",
            queue,
            buckets=LONG_BUCKETS,
            registry=registry,
        )
        self._running = Gauge(
            "consumer_messages_in_progress", "Messages being handled", queue, registry=registry
        )
        self.waiting = Gauge(
            "consumer_queue_messages", "Messages in the queue that no consumer has", queue, registry=registry
        )
        self._published = Counter(
            "publisher_messages", "Published events by outcome", ("type", "outcome"), registry=registry
        )
        self._confirmed_after = Histogram(
            "publisher_message_seconds",
            "Time to the broker's confirmation or to the failure",
            buckets=SHORT_BUCKETS,
            registry=registry,
        )

    def consumes(self, queue: str) -> None:
        """Exports the metrics of a queue from its first message on, as rates need it."""
        for outcome in ("handled", "retried", "dead_lettered", "interrupted"):
            self._handled.labels(queue, outcome)
        for each in (self._seconds, self._waited, self._running):
            each.labels(queue)

    def publishes(self, events: Iterable[type[Event]]) -> None:
        """The same for the types of events that the process publishes."""
        for event in events:
            for outcome in ("confirmed", "failed"):
                self._published.labels(event.type, outcome)

    @contextmanager
    def handling(self, queue: str, published_at: datetime | None) -> Iterator[Handling]:
        """Measures one message; the block sets the outcome."""
        handling, began = Handling(), time.monotonic()
        if published_at is not None:
            self._waited.labels(queue).observe(age_s(published_at, utc_now()))
        running = self._running.labels(queue)
        running.inc()
        try:
            yield handling
        finally:
            running.dec()
            self._handled.labels(queue, handling.outcome).inc()
            self._seconds.labels(queue).observe(time.monotonic() - began)

    @contextmanager
    def publication(self, event_type: str) -> Iterator[None]:
        """Measures one publication, which fails if the block raises."""
        kind = event_type if event_type in KNOWN_TYPES else "unknown"
        outcome, began = "failed", time.monotonic()
        try:
            yield
            outcome = "confirmed"
        finally:
            self._published.labels(kind, outcome).inc()
            self._confirmed_after.observe(time.monotonic() - began)
