"""What administrators and operators do with dead letters. Each is settled once, however often one asks."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from converter_service.dead_letters.model import Letter, LetterStatus, arrived, settled
from converter_service.dead_letters.ports import Letters
from converter_service.errors import LetterHeld
from converter_service.ids import new_id
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Unavailable
from shared.logs import get_logger
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.errors import PublishFailed, Unroutable

# Longer than it takes to put a message back, or to find that it cannot be done.
HOLD = timedelta(seconds=30)

OPERATOR = "an operator"

log = get_logger(__name__)

PutBack = Callable[[str, bytes, Sequence[str]], Awaitable[None]]


class Desk:
    """`put_back` is the broker's. Calls that settle raise NotFound, Conflict for a letter that was settled
    otherwise, and LetterHeld when somebody else is at it.
    """

    def __init__(self, letters: Letters, put_back: PutBack, retention: timedelta, clock: Clock) -> None:
        self._letters = letters
        self._put_back = put_back
        self._retention = retention
        self._clock = clock

    async def keep(self, dead: DeadLetter) -> None:
        """For the dead-letter queue."""
        await self._letters.add(arrived(dead, self._clock(), self._retention))

    async def page(self, status: LetterStatus | None, before_id: str | None, limit: int) -> Sequence[Letter]:
        """The latest deaths first, without their bodies."""
        return await self._letters.page(status, before_id, limit)

    async def get(self, letter_id: str) -> Letter:
        letter = await self._letters.get(letter_id)
        if letter is None:
            raise NotFound
        return letter

    async def replay(self, letter_id: str, by: str) -> Letter:
        """Back into the queue where it died, confirmed by the broker.

        Raises Unavailable when it is not confirmed. Then, and when this process dies in the middle, the
        letter waits on although the message may be there: consumers tell a repetition by its event's id.
        """
        letter = await self._unsettled(letter_id, LetterStatus.REPLAYED)
        if letter.status is LetterStatus.REPLAYED:
            return letter
        if not letter.is_whole:
            raise Conflict("Its message was too large to be kept whole, so it can only be discarded.")
        holder = new_id()
        if not await self._hold(letter_id, holder):
            return await self._settled_by_another(letter_id, LetterStatus.REPLAYED)
        done = settled(letter, LetterStatus.REPLAYED, by, self._clock(), self._retention)
        try:
            await self._put_back(letter.queue, letter.body, done.history)
        except PublishFailed as failed:
            await self._letters.release(letter_id, holder)
            if isinstance(failed, Unroutable):
                raise Conflict(f"There is no queue {letter.queue} to put it back into.") from failed
            raise Unavailable("The broker did not take the message.") from failed
        await self._settle(done, holder)
        return done

    async def discard(self, letter_id: str, by: str) -> Letter:
        """Its record stays, its message is never handled."""
        letter = await self._unsettled(letter_id, LetterStatus.DISCARDED)
        if letter.status is LetterStatus.DISCARDED:
            return letter
        holder = new_id()
        if not await self._hold(letter_id, holder):
            return await self._settled_by_another(letter_id, LetterStatus.DISCARDED)
        done = settled(letter, LetterStatus.DISCARDED, by, self._clock(), self._retention)
        await self._settle(done, holder)
        return done

    async def waiting(self) -> int:
        return await self._letters.waiting()

    async def _unsettled(self, letter_id: str, wanted: LetterStatus) -> Letter:
        """Or settled in the wanted way."""
        letter = await self.get(letter_id)
        if letter.status not in {LetterStatus.WAITING, wanted}:
            raise Conflict(f"This dead letter was {letter.status} already.")
        return letter

    async def _hold(self, letter_id: str, holder: str) -> bool:
        now = self._clock()
        return await self._letters.hold(letter_id, holder, now, now + HOLD)

    async def _settled_by_another(self, letter_id: str, wanted: LetterStatus) -> Letter:
        letter = await self.get(letter_id)
        if letter.status is not wanted:
            raise LetterHeld
        return letter

    async def _settle(self, letter: Letter, holder: str) -> None:
        if not await self._letters.settle(letter, holder):
            raise LetterHeld
        about = {"letter": letter.id, "queue": letter.queue, "by": letter.settled_by}
        log.info(f"dead letter {letter.status.value}", **about, correlation_id=letter.request_id)
