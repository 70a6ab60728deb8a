"""Metrics of the slots of concurrent requests."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from gateway.limits.slot_metrics import SlotMetrics
from gateway.limits.slots import Full, Limit, SlotPool
from tests.support.metrics import value

ONE = Limit(running=1, per_address=1, per_client=1, waiting=0, timeout=timedelta(seconds=1))


async def test_slots_in_use_and_refusals_are_exported() -> None:
    registry = CollectorRegistry()
    metrics = SlotMetrics(registry)
    pool = SlotPool(ONE, metrics.counted("calls"))
    metrics.watch("calls", ONE.running, lambda: pool.in_use, lambda: pool.waiting)
    slot = await pool.acquire("192.0.2.1")
    assert value(registry, "gateway_slots_in_use", slots="calls") == 1
    with pytest.raises(Full):
        await pool.acquire("192.0.2.2")
    slot.release()
    assert value(registry, "gateway_slots_in_use", slots="calls") == 0
    assert value(registry, "gateway_slots_max", slots="calls") == 1
    assert value(registry, "gateway_slots_waiting", slots="calls") == 0
    assert value(registry, "gateway_refused_total", slots="calls", reason="full") == 1
