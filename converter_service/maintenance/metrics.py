"""How much is removed, for whoever watches the metrics."""

from prometheus_client import CollectorRegistry, Counter


class RemovalMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._removed = Counter(
            "converter_removed", "What was cleaned up, by what it was", ("what",), registry=registry
        )

    def count(self, what: str) -> None:
        """`dead_upload`, `deletion`, `expired` or `orphan`."""
        self._removed.labels(what).inc()
