"""In-memory outbox store."""

import time
from collections.abc import Callable, Sequence

from shared.messaging.envelope import Envelope
from shared.messaging.outbox import MAX_COUNTED, Backlog, Pending


class MemoryOutbox:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stored: dict[str, Envelope] = {}
        self._leased_until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._stored)

    async def store(self, envelope: Envelope) -> None:
        self._stored[envelope.id] = envelope

    async def claim(self, limit: int, lease_s: float) -> Sequence[Pending]:
        now = self._clock()
        free = [id_ for id_ in self._stored if self._leased_until.get(id_, now) <= now][:limit]
        self._leased_until.update(dict.fromkeys(free, now + lease_s))
        return [Pending(envelope=self._stored[id_]) for id_ in free]

    async def clear(self, pending: Sequence[Pending]) -> None:
        for each in pending:
            self._stored.pop(each.envelope.id, None)
            self._leased_until.pop(each.envelope.id, None)

    async def backlog(self) -> Backlog:
        oldest = min((each.time for each in self._stored.values()), default=None)
        return Backlog(min(len(self._stored), MAX_COUNTED), oldest)
