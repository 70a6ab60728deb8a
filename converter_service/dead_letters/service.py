"""Use cases of administrators and operators: list, read, replay and discard dead letters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from converter_service.conversions.identifiers import new_id
from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus, from_message, settled
from converter_service.dead_letters.ports import DeadLetterStore
from converter_service.errors import DeadLetterLocked
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Unavailable
from shared.logs import get_logger
from shared.messaging.dead_letters import DeadLetter as DeadMessage
from shared.messaging.errors import PublishFailed, Unroutable

# Longer than the timeout of publishing a message.
HOLD = timedelta(seconds=30)

OPERATOR = "an operator"

log = get_logger(__name__)

PutBack = Callable[[str, bytes, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True)
class DeadLetterService:
    """Settles each dead letter at most once; `put_back` publishes a message directly to a queue.

    `replay` and `discard` are idempotent. They raise NotFound, Conflict for one that is settled in the other
    way, and DeadLetterLocked while another request settles it.
    """

    dead_letters: DeadLetterStore
    put_back: PutBack
    retention: timedelta
    clock: Clock

    async def keep(self, dead: DeadMessage) -> None:
        """Stores a message from the dead-letter queue. Raises Unavailable."""
        await self.dead_letters.add(from_message(dead, self.clock(), self.retention))

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Latest first, older than `before_id`, without their bodies."""
        return await self.dead_letters.page(status, before_id, limit)

    async def get(self, dead_letter_id: str) -> DeadLetter:
        """One with its body. Raises NotFound."""
        dead_letter = await self.dead_letters.get(dead_letter_id)
        if dead_letter is None:
            raise NotFound
        return dead_letter

    async def replay(self, dead_letter_id: str, by: str) -> DeadLetter:
        """Publishes the message to the queue that it was dead-lettered from, with a publisher confirm.

        Raises Unavailable when the broker does not confirm. Then, and after a crash here, it stays `waiting`
        and may be published again: consumers recognise duplicates by the event id.
        """
        return await self._settle(dead_letter_id, DeadLetterStatus.REPLAYED, by)

    async def discard(self, dead_letter_id: str, by: str) -> DeadLetter:
        """Settles it without a replay; the record is kept until its retention has passed."""
        return await self._settle(dead_letter_id, DeadLetterStatus.DISCARDED, by)

    async def waiting(self) -> int:
        """Number of dead letters that are not settled."""
        return await self.dead_letters.waiting()

    async def _settle(self, dead_letter_id: str, status: DeadLetterStatus, by: str) -> DeadLetter:
        dead_letter = await self.get(dead_letter_id)
        if dead_letter.status is status:
            return dead_letter
        if dead_letter.status is not DeadLetterStatus.WAITING:
            raise Conflict(f"This dead letter has already been {dead_letter.status}.")
        if status is DeadLetterStatus.REPLAYED and not dead_letter.is_complete:
            raise Conflict("Its message is too large to be stored completely; it can only be discarded.")
        holder, now = new_id(), self.clock()
        if not await self.dead_letters.hold(dead_letter_id, holder, now, now + HOLD):
            dead_letter = await self.get(dead_letter_id)
            if dead_letter.status is not status:
                raise DeadLetterLocked
            return dead_letter
        done = settled(dead_letter, status, by, self.clock(), self.retention)
        if status is DeadLetterStatus.REPLAYED:
            await self._publish(done, holder)
        if not await self.dead_letters.settle(done, holder):
            raise DeadLetterLocked
        about = {"dead_letter": done.id, "queue": done.queue, "by": by}
        log.info(f"dead letter {status.value}", **about, correlation_id=done.request_id)
        return done

    async def _publish(self, dead_letter: DeadLetter, holder: str) -> None:
        try:
            await self.put_back(dead_letter.queue, dead_letter.body, dead_letter.history)
        except PublishFailed as failed:
            await self.dead_letters.release(dead_letter.id, holder)
            if isinstance(failed, Unroutable):
                raise Conflict(f"The queue {dead_letter.queue} does not exist any more.") from failed
            raise Unavailable("The broker did not confirm the message.") from failed
