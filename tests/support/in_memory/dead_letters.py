"""Store of dead letters in memory."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from converter_service.dead_letters.model import DeadLetter, DeadLetterStatus


class MemoryDeadLetters:
    """Implements DeadLetterStore."""

    def __init__(self) -> None:
        self.contents: dict[str, DeadLetter] = {}
        self._held: dict[str, tuple[str, datetime]] = {}

    async def add(self, letter: DeadLetter) -> None:
        self.contents.setdefault(letter.id, letter)

    async def get(self, letter_id: str) -> DeadLetter | None:
        return self.contents.get(letter_id)

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        fitting = (
            replace(letter, body=b"")
            for letter in self.contents.values()
            if status in {None, letter.status} and (before_id is None or letter.id < before_id)
        )
        return sorted(fitting, key=lambda each: each.id, reverse=True)[:limit]

    async def hold(self, letter_id: str, holder: str, now: datetime, until: datetime) -> bool:
        letter, held = self.contents.get(letter_id), self._held.get(letter_id)
        if letter is None or letter.status is not DeadLetterStatus.WAITING or (held and held[1] > now):
            return False
        self._held[letter_id] = (holder, until)
        return True

    async def release(self, letter_id: str, holder: str) -> None:
        if self._is_held(letter_id, holder):
            del self._held[letter_id]

    async def settle(self, letter: DeadLetter, holder: str) -> bool:
        if not self._is_held(letter.id, holder):
            return False
        del self._held[letter.id]
        self.contents[letter.id] = letter
        return True

    async def waiting(self) -> int:
        return sum(letter.status is DeadLetterStatus.WAITING for letter in self.contents.values())

    def _is_held(self, letter_id: str, holder: str) -> bool:
        held = self._held.get(letter_id)
        return held is not None and held[0] == holder
