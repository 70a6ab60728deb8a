"""Mails and webhooks that were received for one upload, and what is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# Message id → when each of its copies arrived, in seconds since the epoch.
Arrivals = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Repeat:
    """The same message that arrived more than once, with the time of each arrival in order."""

    text: str
    times: tuple[float, ...]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Notifications:
    """Mails and webhooks by id with the times of their deliveries; number of conversions of the upload."""

    mails: Arrivals = field(default_factory=dict)
    webhooks: Arrivals = field(default_factory=dict)
    conversions: int = 1

    @property
    def _by_kind(self) -> Mapping[str, Arrivals]:
        return {"mail": self.mails, "webhook": self.webhooks}

    def lacking(self) -> Iterator[str]:
        yield from (f"no {what}" for what, ids in self._by_kind.items() if not ids)

    def different(self) -> Iterator[str]:
        """One conversion per idempotency key is allowed, with one mail and one webhook message."""
        yield from (f"{len(ids)} different {what}s" for what, ids in self._by_kind.items() if len(ids) > 1)
        if self.conversions > 1:
            yield f"{self.conversions} conversions"

    def repeated(self) -> Iterator[Repeat]:
        """Reports repeated deliveries of the same message, which at-least-once protocols cannot exclude."""
        for what, ids in self._by_kind.items():
            for times in ids.values():
                if len(times) > 1:
                    yield Repeat(f"{len(times)} times the same {what}", tuple(sorted(times)))

    def later(self, before: "Notifications") -> Iterator[str]:
        """Reports what was received since `before`, when the system was already idle."""
        for what, ids in self._by_kind.items():
            if more := _total(ids) - _total(before._by_kind[what]):
                yield f"{more} {what}s more, long after the first"
        if self.conversions != before.conversions:
            yield f"{self.conversions} conversions, not {before.conversions} as before"


def _total(ids: Arrivals) -> int:
    return sum(map(len, ids.values()))
