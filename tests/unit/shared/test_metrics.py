"""Samples of stores, and the metrics of pools."""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, Gauge

from shared.clock import utc_now
from shared.errors import Unavailable
from shared.metrics import Sample, Sampler, age_s, process_registry, register_pool
from tests.support.metrics import value
from tests.support.wait import until

OFTEN_S = 0.01


class Store:
    """A store that can be made unavailable, or defective."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.events = 1.0

    async def read(self) -> Sequence[float]:
        if self.error:
            raise self.error
        return (self.events,)


async def sampled(store: Store, registry: CollectorRegistry, check: Callable[[], bool]) -> None:
    """Runs a sampler of `store`, after one of a store that never answers, until `check` is true."""
    broken, gauge = Store(), Gauge("events", "", registry=registry)
    broken.error = Unavailable()
    samples = [
        Sample("broken", [Gauge("broken", "", registry=registry)], broken.read),
        Sample("events", [gauge], store.read),
    ]
    running = asyncio.create_task(Sampler(samples, registry, OFTEN_S).run())
    try:
        await until(check)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_a_gauge_follows_its_store_although_another_store_is_unavailable() -> None:
    store, registry = Store(), CollectorRegistry()

    def follows() -> bool:
        if value(registry, "events") == 1.0:
            store.events = 2.0
        return value(registry, "events") == 2.0

    await sampled(store, registry, follows)
    assert math.isnan(value(registry, "broken"))
    assert value(registry, "sample_failures_total", sample="broken") > 0
    assert value(registry, "sample_failures_total", sample="events") == 0


async def test_a_gauge_is_unknown_while_its_store_fails_and_known_again_afterwards() -> None:
    store, registry, seen = Store(), CollectorRegistry(), list[str]()

    def recovered() -> bool:
        now = "unknown" if math.isnan(value(registry, "events")) else "known"
        if not seen or seen[-1] != now:
            seen.append(now)
            store.error = ValueError("a defect") if now == "known" and len(seen) < 4 else None
        return (
            seen[-2:] == ["unknown", "known"]
            and value(registry, "sample_failures_total", sample="events") > 0
        )

    await sampled(store, registry, recovered)


def test_the_use_of_a_pool_is_read_at_each_scrape() -> None:
    registry, used = CollectorRegistry(), [3]
    register_pool(registry, "postgresql", 10, lambda: used[0])
    used[0] = 4
    assert value(registry, "pool_connections_in_use", pool="postgresql") == 4
    assert value(registry, "pool_connections_max", pool="postgresql") == 10


def test_a_process_reports_its_memory() -> None:
    assert value(process_registry(), "process_resident_memory_bytes") > 1e6


def test_an_age_is_never_negative() -> None:
    now = utc_now()
    assert age_s(None, now) == 0
    assert age_s(now - timedelta(seconds=5), now) == 5
    assert age_s(now + timedelta(seconds=5), now) == 0
