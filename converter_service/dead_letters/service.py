"""What administrators and operators do with dead letters. Each is settled once, however often one asks."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from converter_service.dead_letters.model import (
    DeadLetter,
    DeadLetterStatus,
    from_message,
    settled,
)
from converter_service.dead_letters.ports import DeadLetterStore
from converter_service.errors import DeadLetterLocked
from converter_service.ids import new_id
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Unavailable
from shared.logs import get_logger
from shared.messaging.dead_letters import DeadLetter as DeadMessage
from shared.messaging.errors import PublishFailed, Unroutable

# Longer than it takes to put a message back, or to find that it cannot be done.
HOLD = timedelta(seconds=30)

OPERATOR = "an operator"

log = get_logger(__name__)

PutBack = Callable[[str, bytes, Sequence[str]], Awaitable[None]]


class DeadLetterService:
    """`put_back` is the broker's. Calls that settle raise NotFound, Conflict for a letter that was settled
    otherwise, and LetterHeld when somebody else is at it.
    """

    def __init__(
        self, letters: DeadLetterStore, put_back: PutBack, retention: timedelta, clock: Clock
    ) -> None:
        self._letters = letters
        self._put_back = put_back
        self._retention = retention
        self._clock = clock

    async def keep(self, dead: DeadMessage) -> None:
        """For the dead-letter queue."""
        await self._letters.add(from_message(dead, self._clock(), self._retention))

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """The latest deaths first, without their bodies."""
        return await self._letters.page(status, before_id, limit)

    async def get(self, letter_id: str) -> DeadLetter:
        letter = await self._letters.get(letter_id)
        if letter is None:
            raise NotFound
        return letter

    async def replay(self, letter_id: str, by: str) -> DeadLetter:
        """Back into the queue where it died, confirmed by the broker.

        Raises Unavailable when it is not confirmed. Then, and when this process dies in the middle, the
        letter waits on although the message may be there: consumers tell a repetition by its event's id.
        """
        letter = await self._unsettled(letter_id, DeadLetterStatus.REPLAYED)
        if letter.status is DeadLetterStatus.REPLAYED:
            return letter
        if not letter.is_complete:
            raise Conflict("Its message was too large to be kept whole, so it can only be discarded.")
        holder = new_id()
        if not await self._hold(letter_id, holder):
            return await self._settled_by_another(letter_id, DeadLetterStatus.REPLAYED)
        done = settled(letter, DeadLetterStatus.REPLAYED, by, self._clock(), self._retention)
        try:
            await self._put_back(letter.queue, letter.body, done.history)
        except PublishFailed as failed:
            await self._letters.release(letter_id, holder)
            if isinstance(failed, Unroutable):
                raise Conflict(f"There is no queue {letter.queue} to put it back into.") from failed
            raise Unavailable("The broker did not take the message.") from failed
        await self._settle(done, holder)
        return done

    async def discard(self, letter_id: str, by: str) -> DeadLetter:
        """Its record stays, its message is never handled."""
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
        return await self._letters.waiting()

    async def _unsettled(self, letter_id: str, wanted: DeadLetterStatus) -> DeadLetter:
        """Or settled in the wanted way."""
        letter = await self.get(letter_id)
        if letter.status not in {DeadLetterStatus.WAITING, wanted}:
            raise Conflict(f"This dead letter was {letter.status} already.")
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
        about = {"letter": letter.id, "queue": letter.queue, "by": letter.settled_by}
        log.info(f"dead letter {letter.status.value}", **about, correlation_id=letter.request_id)
