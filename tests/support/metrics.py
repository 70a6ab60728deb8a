"""The value of a metric in a registry."""

import math

from prometheus_client import CollectorRegistry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """The present value of a series; NaN if there is none. Histograms: `name_count` or `name_sum`."""
    found = registry.get_sample_value(name, labels)
    return math.nan if found is None else found
