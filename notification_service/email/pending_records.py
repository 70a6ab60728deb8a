"""Emails that are sent but not recorded in the ledger yet."""

import asyncio
import contextlib
from datetime import timedelta

from notification_service.email.ledger import SentLedger
from notification_service.retry import retry_unavailable
from shared.errors import Unavailable


class PendingRecords:
    """Remembers emails that were sent until the ledger has recorded them.

    Leases expire while the ledger is unavailable; without this memory the same process would send the email
    again. Callers check `is_full` before sending, which bounds the memory to `limit` entries.
    """

    def __init__(
        self, ledger: SentLedger, pause: timedelta, limit: int, stopping: asyncio.Event | None = None
    ) -> None:
        self._ledger, self._stopping = ledger, stopping
        self._pause = pause
        self._limit = limit
        self._tokens: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._tokens) >= self._limit

    def token_of(self, event_id: str) -> str | None:
        """Returns the lease's token if the email of this event is sent and not recorded yet."""
        return self._tokens.get(event_id)

    async def record(self, event_id: str, token: str, timeout: timedelta) -> None:
        """Records that the email was sent, with retries.

        Raises Unavailable after `timeout`, or once the process is to stop; `run` then keeps trying.
        """
        self._tokens[event_id] = token
        await retry_unavailable(
            lambda: self._record(event_id, token), timeout=timeout, pause=self._pause, stopping=self._stopping
        )

    async def run(self) -> None:
        """Records what is pending, every `pause`, until cancelled."""
        while True:
            await asyncio.sleep(self._pause.total_seconds())
            with contextlib.suppress(Unavailable):  # logged where recording failed first
                for event_id, token in list(self._tokens.items()):
                    await self._record(event_id, token)

    async def _record(self, event_id: str, token: str) -> None:
        await self._ledger.record_sent(event_id, token)
        self._tokens.pop(event_id, None)
