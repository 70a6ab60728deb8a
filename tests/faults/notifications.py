"""How often somebody was told of an upload, and whether that was too often."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Notifications:
    """Mails and webhooks by their ids, each with how often it came; and how many conversions there are."""

    mails: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    conversions: int = 1

    @property
    def _told(self) -> Mapping[str, Counter[str]]:
        return {"mail": self.mails, "webhook": self.webhooks}

    def lacking(self) -> Iterator[str]:
        yield from (f"no {what}" for what, ids in self._told.items() if not ids)

    def different(self) -> Iterator[str]:
        """One conversion for each key, however often it was sent, and one message of each sort for each."""
        yield from (f"{len(ids)} different {what}s" for what, ids in self._told.items() if len(ids) > 1)
        if self.conversions > 1:
            yield f"{self.conversions} conversions"

    def repeated(self) -> Iterator[str]:
        """The very same once more is the repetition that no protocol rules out."""
        for what, ids in self._told.items():
            if ids.total() > len(ids):
                yield f"{ids.total()} times the same {what}"

    def later(self, before: "Notifications") -> Iterator[str]:
        """Nothing more may come once all has been quiet."""
        for what, ids in self._told.items():
            if more := ids.total() - before._told[what].total():
                yield f"{more} {what}s more, long after the first"
        if self.conversions != before.conversions:
            yield f"{self.conversions} conversions, not {before.conversions} as before"
