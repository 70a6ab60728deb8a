"""Metric of removed conversions and blobs."""

from prometheus_client import CollectorRegistry, Counter


class RemovalMetrics:
    """The counter `converter_removed_total`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._removed = Counter(
            "converter_removed", "Removed conversions and blobs, by reason", ("what",), registry=registry
        )

    def count(self, what: str) -> None:
        """Counts one removal; `what` is `dead_upload`, `deletion`, `expired` or `orphan`."""
        self._removed.labels(what).inc()
