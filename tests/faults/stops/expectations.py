"""What each published event has to lead to, and what is wrong with what was received."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.faults.notifications import Arrivals


@dataclass(frozen=True)
class Expected:
    """Numbers of mails and webhooks of one event. `origin` tells an unusual event in a report.

    `is_orphaned` means that both are claimed by a gone process that did not send them.
    """

    mails: int = 1
    webhooks: int = 1
    origin: str = ""
    is_orphaned: bool = False


ORDINARY = Expected()
REFUSED = Expected(mails=0, origin="recipient refused")
RECORDED = Expected(mails=0, webhooks=0, origin="sent and handed on by a gone process")
RECORDED_MAIL = Expected(mails=0, origin="mail sent and handed on by a gone process")
ORPHANED = Expected(origin="claimed by a gone process", is_orphaned=True)


@dataclass(frozen=True)
class Received:
    """Mails and webhooks of one event by message id, with the times of their arrivals."""

    mails: Arrivals
    webhooks: Arrivals

    def lost(self, expected: Expected) -> Iterator[str]:
        for kind, total, wanted, _ in self._counts(expected):
            if total < wanted:
                yield f"no {kind}{_of(expected)}"

    def twice(self, expected: Expected) -> Iterator[str]:
        for kind, total, wanted, messages in self._counts(expected):
            if total > wanted:
                yield f"{total} {kind}s ({messages} different) instead of {wanted}{_of(expected)}"

    def by_kind(self) -> Mapping[str, Arrivals]:
        return {"mail": self.mails, "webhook": self.webhooks}

    def _counts(self, expected: Expected) -> Iterator[tuple[str, int, int, int]]:
        wanted = {"mail": expected.mails, "webhook": expected.webhooks}
        for kind, arrivals in self.by_kind().items():
            yield kind, sum(map(len, arrivals.values())), wanted[kind], len(arrivals)


def _of(expected: Expected) -> str:
    return f", {expected.origin}" if expected.origin else ""
