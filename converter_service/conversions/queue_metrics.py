"""Metrics of the queue of conversions, which is in the store and not in the broker."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from converter_service.conversions.model import State
from converter_service.conversions.ports import ConversionNumbers
from shared.clock import Clock
from shared.metrics import Sample, age_s

UNDER_WAY: Final = (State.UPLOADING, State.QUEUED, State.CONVERTING)


def queue_sample(numbers: ConversionNumbers, registry: CollectorRegistry, clock: Clock) -> Sample:
    """Sets the numbers of conversions under way, and how late they are; the same in each process."""
    by_status = Gauge("converter_conversions", "Conversions under way", ("status",), registry=registry)
    oldest = Gauge(
        "converter_queue_oldest_age_seconds",
        "Time since the queued conversion that was accepted first was accepted, or 0",
        registry=registry,
    )
    expired = Gauge(
        "converter_expired_leases",
        "Conversions whose worker has not renewed its lease in time",
        registry=registry,
    )

    async def read() -> Sequence[float]:
        now = clock()
        counts = [float(await numbers.count(state)) for state in UNDER_WAY]
        waited_s = age_s(await numbers.oldest_queued_at(), now)
        return (*counts, waited_s, await numbers.expired_leases(now))

    return Sample("queue", [*(by_status.labels(state.value) for state in UNDER_WAY), oldest, expired], read)
