"""Comparison of two samples: medians, a confidence interval for their difference, and a rank test."""

import math
import random
import statistics
from collections import Counter
from collections.abc import Sequence

import msgspec

RESAMPLES = 2000


class Difference(msgspec.Struct, frozen=True):
    """Difference of the second median to the first; `low` to `high` is the 95 % confidence interval."""

    median: float
    low: float
    high: float
    p: float
    """p-value: probability of rank differences at least as large if both samples have one distribution."""


def difference(one: Sequence[float], other: Sequence[float], chance: random.Random) -> Difference:
    def resampled(sample: Sequence[float]) -> float:
        return statistics.median(chance.choices(sample, k=len(sample)))

    # Percentile bootstrap (Efron and Tibshirani, 1993, §13.3).
    resamples = sorted(resampled(other) - resampled(one) for _ in range(RESAMPLES))
    low, high = resamples[int(0.025 * RESAMPLES)], resamples[int(0.975 * RESAMPLES)]
    return Difference(statistics.median(other) - statistics.median(one), low, high, mann_whitney(one, other))


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Two-sided p of the Mann-Whitney U test (1947) in normal approximation with tie correction, for
    samples of 20 or more values.
    """
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = Counter[float]()  # value → sum of its ranks, counted from 1
    counts = Counter(value for value, _ in both)
    for place, (value, _) in enumerate(both, start=1):
        ranks[value] += place
    rank_sum = sum(ranks[value] / counts[value] for value in one)
    n, m = len(one), len(other)
    u = rank_sum - n * (n + 1) / 2
    ties = sum(count**3 - count for count in counts.values()) / ((n + m) * (n + m - 1))
    deviation = math.sqrt(n * m / 12 * (n + m + 1 - ties))
    return math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2)) if deviation else 1.0
