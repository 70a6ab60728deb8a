"""Metric of waiting dead letters, for alerts."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from converter_service.dead_letters.service import DeadLetterService
from shared.metrics import Sample


def dead_letters_sample(service: DeadLetterService, registry: CollectorRegistry) -> Sample:
    """Sets `dead_letters_waiting`, the same in each process."""
    gauge = Gauge("dead_letters_waiting", "Dead letters to be replayed or discarded", registry=registry)

    async def read() -> Sequence[float]:
        return (await service.waiting(),)

    return Sample("dead_letters", [gauge], read)
