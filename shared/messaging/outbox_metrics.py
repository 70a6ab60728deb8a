"""Metrics of an outbox: how many events wait in it, and for how long."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from shared.clock import Clock, utc_now
from shared.messaging.outbox import OutboxStore
from shared.metrics import Sample, age_s


def outbox_sample(store: OutboxStore, registry: CollectorRegistry, clock: Clock = utc_now) -> Sample:
    """Sets `outbox_events` and `outbox_oldest_age_seconds`, the same in each process of one store."""
    gauges = (
        Gauge("outbox_events", "Stored events that are not published yet", registry=registry),
        Gauge("outbox_oldest_age_seconds", "Age of the oldest one, or 0", registry=registry),
    )

    async def read() -> Sequence[float]:
        backlog = await store.backlog()
        return (backlog.events, age_s(backlog.oldest_at, clock()))

    return Sample("outbox", gauges, read)
