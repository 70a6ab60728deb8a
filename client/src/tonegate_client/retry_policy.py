"""How often, and after what pause, a failed call is repeated."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """Pauses double from `first_pause_s` to `longest_pause_s`, less a random part.

    A wait that the server asks for (Retry-After) replaces the pause when it is longer, up to
    `longest_wait_s`; a longer one is not waited for.
    """

    attempts: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    longest_wait_s: float = 120.0

    def pause_s(self, failures: int, retry_after_s: float | None = None) -> float | None:
        """Seconds until the next attempt after `failures` in a row; None when there is to be no other."""
        if failures >= self.attempts or (retry_after_s or 0.0) > self.longest_wait_s:
            return None
        pause_s = min(self.longest_pause_s, self.first_pause_s * 2.0 ** (failures - 1))
        # Spreads clients that failed together.
        pause_s *= 1.0 - random.random() / 2  # noqa: S311
        return max(pause_s, retry_after_s or 0.0)
