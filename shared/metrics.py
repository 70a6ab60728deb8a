"""Metrics of a process: its registry, the use of its pools, and samples of what only a store can tell.

Names follow https://prometheus.io/docs/practices/naming/. No label may hold an id, a path
or other text of a client.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.tasks import cancel_requested

SAMPLE_EVERY_S = 10.0
SAMPLE_TIMEOUT_S = 8.0
# Buckets of durations from a call to a store up to a conversion of many hours.
SHORT_BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0)
LONG_BUCKETS = (0.1, 0.5, 2.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

log = get_logger(__name__)


def process_registry() -> CollectorRegistry:
    """A registry with the process's processor time, memory and descriptors (Linux)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def register_pool(
    registry: CollectorRegistry, pool: str, maximum: float, in_use: Callable[[], float]
) -> None:
    """Exports the use of a pool of connections to a server; `in_use` is called for each scrape."""
    used = Gauge("pool_connections_in_use", "Connections in use", ("pool",), registry=registry)
    used.labels(pool).set_function(in_use)
    most = Gauge("pool_connections_max", "Connections that the pool may open", ("pool",), registry=registry)
    most.labels(pool).set(maximum)


def age_s(since: datetime | None, now: datetime) -> float:
    """Seconds since then; 0 without a time, or for one ahead of this process's clock."""
    return max((now - since).total_seconds(), 0.0) if since else 0.0


@dataclass(frozen=True)
class Sample:
    """Gauges that one reading sets, in their order; they are NaN until the first one and while it fails.

    `name` is a label's value. `read` may raise Unavailable.
    """

    name: str
    gauges: Sequence[Gauge]
    read: Callable[[], Awaitable[Sequence[float]]]

    def set(self, values: Sequence[float]) -> None:
        for gauge, value in zip(self.gauges, values, strict=True):
            gauge.set(value)

    def forget(self) -> None:
        for gauge in self.gauges:
            gauge.set(math.nan)


class Sampler:
    """Takes samples every `every_s` seconds. One that fails does not stop the others."""

    def __init__(
        self, samples: Sequence[Sample], registry: CollectorRegistry, every_s: float = SAMPLE_EVERY_S
    ) -> None:
        self._samples, self._every_s = samples, every_s
        self._failures = Counter(
            "sample_failures", "Samples that were not taken", ("sample",), registry=registry
        )
        for sample in samples:
            self._failures.labels(sample.name)
            sample.forget()

    async def run(self) -> None:
        """Runs until cancelled."""
        while not cancel_requested():
            for sample in self._samples:
                await self._take(sample)
            await asyncio.sleep(self._every_s)

    async def _take(self, sample: Sample) -> None:
        try:
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                sample.set(await sample.read())
        except (Unavailable, TimeoutError) as away:
            log.warning("sample not taken", sample=sample.name, reason=repr(away))
        except Exception:  # a defect in one sample must not end the process
            log.exception("sample not taken", sample=sample.name)
        else:
            return
        sample.forget()
        self._failures.labels(sample.name).inc()
