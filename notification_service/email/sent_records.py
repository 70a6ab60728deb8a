"""Records of sent emails: in the ledger, or, while that is unavailable, handed on through the broker."""

import asyncio
import contextlib

from notification_service.email.ledger import SentLedger
from notification_service.email.retry_policy import RetryPolicy
from notification_service.retry import SOURCE, retry_unavailable
from shared.contracts.events import EmailSent
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Publisher

log = get_logger(__name__)


class SentRecords:
    """Records that an email was sent, by the ledger's entry and the token of the lease.

    What the ledger does not store in time is published as EmailSent; the process that receives it stores it.
    What cannot be published either is remembered: leases expire while the ledger is unavailable, and without
    this memory the same process would send the email again. Callers check `is_full` before sending, which
    bounds the memory.
    """

    def __init__(
        self, ledger: SentLedger, publisher: Publisher, policy: RetryPolicy, stopping: asyncio.Event
    ) -> None:
        self._ledger, self._publisher = ledger, publisher
        self._policy, self._stopping = policy, stopping
        self._tokens: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._tokens) >= self._policy.max_unrecorded

    def token_of(self, entry: str) -> str | None:
        """Returns the lease's token if the email is sent and neither recorded nor handed on yet."""
        return self._tokens.get(entry)

    async def record(self, entry: str, token: str) -> None:
        """Raises Unavailable if neither the ledger nor the broker takes the record; `run` keeps trying."""
        self._tokens[entry] = token
        try:
            await retry_unavailable(
                lambda: self._ledger.record_sent(entry, token),
                timeout=self._policy.record_timeout,
                pause=self._policy.ledger_pause,
                stopping=self._stopping,
            )
        except Unavailable:
            await self._hand_on(entry, token)
        self._tokens.pop(entry, None)

    async def run(self) -> None:
        """Records what is remembered, every `ledger_pause`, until cancelled."""
        while True:
            await asyncio.sleep(self._policy.ledger_pause.total_seconds())
            await self.record_remembered()

    async def record_remembered(self) -> None:
        """Tries once to record or hand on each email. A process that stops does so at last: `run` may have
        been cancelled while it waited for the ledger.
        """
        await asyncio.gather(*(self._try(entry, token) for entry, token in self._tokens.items()))

    async def _try(self, entry: str, token: str) -> None:
        with contextlib.suppress(Unavailable):  # logged where recording failed first
            await self.record(entry, token)

    async def _hand_on(self, entry: str, token: str) -> None:
        event = EmailSent(entry=entry, lease_token=token)
        try:
            await self._publisher.publish(wrap(event, SOURCE, token))
        except PublishFailed as failure:
            raise Unavailable("Neither the ledger nor the broker can be reached.") from failure
        log.warning("email sent but not recorded, handed on", event_id=entry)
