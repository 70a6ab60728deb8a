"""Can two samples be told apart? Medians, a confidence interval for their difference, and a rank test."""

import math
import random
import statistics
from collections import Counter
from collections.abc import Sequence

import msgspec

RESAMPLES = 2000


class Difference(msgspec.Struct, frozen=True):
    """Of the second sample's median to the first's; `low` to `high` holds it with 95 %."""

    median: float
    low: float
    high: float
    p: float
    """How often samples of one and the same kind would differ as much in their ranks."""


def difference(one: Sequence[float], other: Sequence[float], chance: random.Random) -> Difference:
    def resampled(sample: Sequence[float]) -> float:
        return statistics.median(chance.choices(sample, k=len(sample)))

    # Percentile bootstrap (Efron and Tibshirani, 1993, §13.3).
    resamples = sorted(resampled(other) - resampled(one) for _ in range(RESAMPLES))
    low, high = resamples[int(0.025 * RESAMPLES)], resamples[int(0.975 * RESAMPLES)]
    return Difference(statistics.median(other) - statistics.median(one), low, high, mann_whitney(one, other))


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided p of Mann and Whitney's U test (1947) by its normal approximation, corrected for ties;
    for samples of 20 or more.
    """
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = Counter[float]()  # value → sum of its places, counted from 1
    counts = Counter(value for value, _ in both)
    for place, (value, _) in enumerate(both, start=1):
        ranks[value] += place
    rank_sum = sum(ranks[value] / counts[value] for value in one)
    n, m = len(one), len(other)
    u = rank_sum - n * (n + 1) / 2
    ties = sum(count**3 - count for count in counts.values()) / ((n + m) * (n + m - 1))
    deviation = math.sqrt(n * m / 12 * (n + m + 1 - ties))
    return math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2)) if deviation else 1.0
