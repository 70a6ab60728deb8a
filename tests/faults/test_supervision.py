"""Repair of what dies after a fault."""

import asyncio
import threading

import pytest

from tests.faults import supervision
from tests.faults.supervision import supervised


class Dying:
    """Loses a part after each of the first `late` repairs."""

    def __init__(self, late: int) -> None:
        self.late, self.revived = late, 0
        self.is_seen_whole = threading.Event()

    def revive(self) -> None:
        self.revived += 1

    def is_whole(self) -> bool:
        if self.revived > self.late:
            self.is_seen_whole.set()
        return self.is_seen_whole.is_set()


@pytest.mark.parametrize("late", [0, 1, 3])
async def test_what_dies_after_the_repair_is_started_again(
    monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.0)
    system = Dying(late)
    async with supervised(system):
        assert await asyncio.to_thread(system.is_seen_whole.wait, 10)
    assert system.revived == late + 1
