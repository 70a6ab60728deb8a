"""Counts of mails and webhooks that were received for one upload, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Notifications:
    """Mails and webhooks by id with the number of deliveries; number of conversions of the upload."""

    mails: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    conversions: int = 1

    @property
    def _by_kind(self) -> Mapping[str, Counter[str]]:
        return {"mail": self.mails, "webhook": self.webhooks}

    def lacking(self) -> Iterator[str]:
        yield from (f"no {what}" for what, ids in self._by_kind.items() if not ids)

    def different(self) -> Iterator[str]:
        """One conversion per idempotency key is allowed, with one mail and one webhook message."""
        yield from (f"{len(ids)} different {what}s" for what, ids in self._by_kind.items() if len(ids) > 1)
        if self.conversions > 1:
            yield f"{self.conversions} conversions"

    def repeated(self) -> Iterator[str]:
        """Reports repeated deliveries of the same message, which at-least-once protocols cannot exclude."""
        for what, ids in self._by_kind.items():
            if ids.total() > len(ids):
                yield f"{ids.total()} times the same {what}"

    def later(self, before: "Notifications") -> Iterator[str]:
        """Reports what was received since `before`, when the system was already idle."""
        for what, ids in self._by_kind.items():
            if more := ids.total() - before._by_kind[what].total():
                yield f"{more} {what}s more, long after the first"
        if self.conversions != before.conversions:
            yield f"{self.conversions} conversions, not {before.conversions} as before"
