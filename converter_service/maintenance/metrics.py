"""Metric of removed conversions and blobs."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter


def removal_counter(registry: CollectorRegistry) -> Callable[[str], None]:
    """Counts removals in `converter_removed_total`: `dead_upload`, `deletion`, `expired` or `orphan`."""
    removed = Counter(
        "converter_removed", "Removed conversions and blobs, by reason", ("what",), registry=registry
    )
    for what in ("dead_upload", "deletion", "expired", "orphan"):
        removed.labels(what)
    return lambda what: removed.labels(what).inc()
