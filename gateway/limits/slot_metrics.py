"""Metrics of the slots of concurrent requests."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

REASONS = ("full", "address", "client", "slow")


class SlotMetrics:
    """`slots` is the kind: `calls`, `streams`, `event_streams`, or `bodies` of calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter(
            "gateway_refused",
            "Requests refused for their number or speed",
            ("slots", "reason"),
            registry=registry,
        )
        self._in_use = Gauge(
            "gateway_slots_in_use", "Requests that hold a slot", ("slots",), registry=registry
        )
        self._max = Gauge("gateway_slots_max", "Slots", ("slots",), registry=registry)
        self._waiting = Gauge(
            "gateway_slots_waiting", "Requests that wait for a slot", ("slots",), registry=registry
        )

    def counted(self, slots: str) -> Callable[[str], None]:
        """Returns a function that counts refusals by reason."""
        for reason in REASONS:
            self._refused.labels(slots, reason)
        return partial(self._count, slots)

    def watch(
        self, slots: str, maximum: int, in_use: Callable[[], int], waiting: Callable[[], int] = int
    ) -> None:
        """Exports what the functions return at each scrape."""
        self._max.labels(slots).set(maximum)
        self._in_use.labels(slots).set_function(in_use)
        self._waiting.labels(slots).set_function(waiting)

    def _count(self, slots: str, reason: str) -> None:
        self._refused.labels(slots, reason).inc()
