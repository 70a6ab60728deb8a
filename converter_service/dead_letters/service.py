"""Use cases of administrators and operators: list, read, replay and discard dead letters."""

from collections.abc import Awaitable, Callable, Sequence
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


class DeadLetterService:
    """Settles each dead letter at most once; `put_back` publishes a message directly to a queue.

    `replay` and `discard` are idempotent. They raise NotFound, Conflict for one that is settled in the other
    way, and DeadLetterLocked while another request settles it.
    """

    def __init__(
        self, letters: DeadLetterStore, put_back: PutBack, retention: timedelta, clock: Clock
    ) -> None:
        self._letters = letters
        self._put_back = put_back
        self._retention = retention
        self._clock = clock

    async def keep(self, dead: DeadMessage) -> None:
        """Stores a message from the dead-letter queue. Raises Unavailable."""
        await self._letters.add(from_message(dead, self._clock(), self._retention))

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Latest first, older than `before_id`, without their bodies."""
        return await self._letters.page(status, before_id, limit)

    async def get(self, letter_id: str) -> DeadLetter:
        """One with its body. Raises NotFound."""
        letter = await self._letters.get(letter_id)
        if letter is None:
            raise NotFound
        return letter

    async def replay(self, letter_id: str, by: str) -> DeadLetter:
        """Publishes the message to the queue that it was dead-lettered from, with a publisher confirm.

        Raises Unavailable when the broker does not confirm. Then, and after a crash here, it stays `waiting`
        and may be published again: consumers recognise duplicates by the event id.
        """
        letter = await self._unsettled(letter_id, DeadLetterStatus.REPLAYED)
        if letter.status is DeadLetterStatus.REPLAYED:
            return letter
        if not letter.is_complete:
            raise Conflict("Its message is too large to be stored completely; it can only be discarded.")
        holder = new_id()
        if not await self._hold(letter_id, holder):
            return await self._settled_by_another(letter_id, DeadLetterStatus.REPLAYED)
        done = settled(letter, DeadLetterStatus.REPLAYED, by, self._clock(), self._retention)
        try:
            await self._put_back(letter.queue, letter.body, done.history)
        except PublishFailed as failed:
            await self._letters.release(letter_id, holder)
            if isinstance(failed, Unroutable):
                raise Conflict(f"The queue {letter.queue} does not exist any more.") from failed
            raise Unavailable("The broker did not confirm the message.") from failed
        await self._settle(done, holder)
        return done

    async def discard(self, letter_id: str, by: str) -> DeadLetter:
        """Settles it without a replay; the record is kept until its retention has passed."""
        letter = await self._unsettled(letter_id, DeadLetterStatus.DISCARDED)
        if letter.status is DeadLetterStatus.DISCARDED:
            return letter
        holder = new_id()
        if not await self._hold(letter_id, holder):
            return await self._settled_by_another(letter_id, DeadLetterStatus.DISCARDED)
        done = settled(letter, DeadLetterStatus.DISCARDED, by, self._clock(), self._retention)
        await self._settle(done, holder)
        return done

    async def waiting(self) -> int:
        """Number of dead letters that are not settled."""
        return await self._letters.waiting()

    async def _unsettled(self, letter_id: str, wanted: DeadLetterStatus) -> DeadLetter:
        """The dead letter, waiting or settled as `wanted`. Raises NotFound, Conflict."""
        letter = await self.get(letter_id)
        if letter.status not in {DeadLetterStatus.WAITING, wanted}:
            raise Conflict(f"This dead letter has already been {letter.status}.")
        return letter

    async def _hold(self, letter_id: str, holder: str) -> bool:
        now = self._clock()
        return await self._letters.hold(letter_id, holder, now, now + HOLD)

    async def _settled_by_another(self, letter_id: str, wanted: DeadLetterStatus) -> DeadLetter:
        letter = await self.get(letter_id)
        if letter.status is not wanted:
            raise DeadLetterLocked
        return letter

    async def _settle(self, letter: DeadLetter, holder: str) -> None:
        if not await self._letters.settle(letter, holder):
            raise DeadLetterLocked
        about = {"dead_letter": letter.id, "queue": letter.queue, "by": letter.settled_by}
        log.info(f"dead letter {letter.status.value}", **about, correlation_id=letter.request_id)
