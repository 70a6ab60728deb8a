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

    async def add(self, dead_letter: DeadLetter) -> None:
        self.contents.setdefault(dead_letter.id, dead_letter)

    async def get(self, dead_letter_id: str) -> DeadLetter | None:
        return self.contents.get(dead_letter_id)

    async def page(
        self, status: DeadLetterStatus | None, before_id: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        fitting = (
            replace(dead_letter, body=b"")
            for dead_letter in self.contents.values()
            if status in {None, dead_letter.status} and (before_id is None or dead_letter.id < before_id)
        )
        return sorted(fitting, key=lambda each: each.id, reverse=True)[:limit]

    async def hold(self, dead_letter_id: str, holder: str, now: datetime, until: datetime) -> bool:
        dead_letter, held = self.contents.get(dead_letter_id), self._held.get(dead_letter_id)
        if (
            dead_letter is None
            or dead_letter.status is not DeadLetterStatus.WAITING
            or (held and held[1] > now)
        ):
            return False
        self._held[dead_letter_id] = (holder, until)
        return True

    async def release(self, dead_letter_id: str, holder: str) -> None:
        if self._is_held(dead_letter_id, holder):
            del self._held[dead_letter_id]

    async def settle(self, dead_letter: DeadLetter, holder: str) -> bool:
        if not self._is_held(dead_letter.id, holder):
            return False
        del self._held[dead_letter.id]
        self.contents[dead_letter.id] = dead_letter
        return True

    async def waiting(self) -> int:
        return sum(dead_letter.status is DeadLetterStatus.WAITING for dead_letter in self.contents.values())

    def _is_held(self, dead_letter_id: str, holder: str) -> bool:
        held = self._held.get(dead_letter_id)
        return held is not None and held[0] == holder
