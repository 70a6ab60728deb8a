"""Replay and discard of dead letters: at most once, to the original queue, without loss."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from converter_service.dead_letters.model import MAX_BODY_BYTES, DeadLetterStatus
from converter_service.dead_letters.service import HOLD, DeadLetterService
from converter_service.errors import DeadLetterLocked
from shared.errors import Conflict, NotFound, Unavailable
from shared.messaging.errors import PublishFailed, Unroutable
from tests.support.dead_letters import NOON, QUEUE, RETENTION, dead_letter
from tests.support.in_memory.dead_letters import MemoryDeadLetters


class DeadLetterRig:
    """The service with an in-memory store, a settable clock and a broker that records published messages."""

    def __init__(self) -> None:
        self.now = NOON + timedelta(minutes=1)
        self.letters = MemoryDeadLetters()
        self.back: list[tuple[str, bytes, tuple[str, ...]]] = []
        self.errors: list[Exception] = []
        self.gate: asyncio.Event | None = None
        self.dead_letter_service = DeadLetterService(self.letters, self.put_back, RETENTION, lambda: self.now)

    async def put_back(self, queue: str, body: bytes, history: Sequence[str]) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.back.append((queue, body, tuple(history)))


@pytest.fixture
def rig() -> DeadLetterRig:
    return DeadLetterRig()


async def test_a_replay_goes_to_the_original_queue_with_its_history(rig: DeadLetterRig) -> None:
    letter = dead_letter(history=("2026-11-20T11:59:00+00:00 earlier",))
    await rig.dead_letter_service.keep(letter)
    done = await rig.dead_letter_service.replay(letter.id, "root")
    [(queue, body, history)] = rig.back
    assert (queue, body) == (QUEUE, letter.body)
    assert history == (
        "2026-11-20T11:59:00+00:00 earlier",
        f"2026-11-20T12:00:01.000+00:00 dead in {QUEUE}: ValueError: broken",
        "2026-11-20T12:01:00.000+00:00 replayed by root",
    )
    assert (done.status, done.settled_by, done.settled_at) == (DeadLetterStatus.REPLAYED, "root", rig.now)
    assert done.forget_at == rig.now + RETENTION
    assert await rig.letters.get(letter.id) == done


async def test_a_double_click_replays_once(rig: DeadLetterRig) -> None:
    await rig.dead_letter_service.keep(dead_letter())
    first = await rig.dead_letter_service.replay(dead_letter().id, "root")
    assert await rig.dead_letter_service.replay(dead_letter().id, "another") == first
    await rig.dead_letter_service.keep(dead_letter())
    assert await rig.dead_letter_service.replay(dead_letter().id, "root") == first
    assert len(rig.back) == 1


async def test_of_two_concurrent_replays_one_is_refused(rig: DeadLetterRig) -> None:
    await rig.dead_letter_service.keep(dead_letter())
    rig.gate = asyncio.Event()
    first = asyncio.create_task(rig.dead_letter_service.replay(dead_letter().id, "a"))
    await asyncio.sleep(0)
    for other in (
        rig.dead_letter_service.replay(dead_letter().id, "b"),
        rig.dead_letter_service.discard(dead_letter().id, "b"),
    ):
        with pytest.raises(DeadLetterLocked):
            await other
    rig.gate.set()
    await first
    assert len(rig.back) == 1


async def test_a_discarded_dead_letter_is_not_replayed_and_vice_versa(rig: DeadLetterRig) -> None:
    for number in (1, 2):
        await rig.dead_letter_service.keep(dead_letter(number))
    discarded = await rig.dead_letter_service.discard(dead_letter(1).id, "root")
    assert await rig.dead_letter_service.discard(dead_letter(1).id, "root") == discarded
    with pytest.raises(Conflict):
        await rig.dead_letter_service.replay(dead_letter(1).id, "root")
    await rig.dead_letter_service.replay(dead_letter(2).id, "root")
    with pytest.raises(Conflict):
        await rig.dead_letter_service.discard(dead_letter(2).id, "root")
    assert [body for _, body, _ in rig.back] == [dead_letter(2).body]


@pytest.mark.parametrize(
    ("error", "answer"), [(PublishFailed("away"), Unavailable), (Unroutable("no queue"), Conflict)]
)
async def test_a_failed_replay_leaves_the_dead_letter_waiting(
    rig: DeadLetterRig, error: Exception, answer: type[Exception]
) -> None:
    await rig.dead_letter_service.keep(dead_letter())
    rig.errors.append(error)
    with pytest.raises(answer):
        await rig.dead_letter_service.replay(dead_letter().id, "root")
    assert await rig.dead_letter_service.waiting() == 1
    assert (
        await rig.dead_letter_service.replay(dead_letter().id, "root")
    ).status is DeadLetterStatus.REPLAYED


async def test_an_interrupted_replay_can_be_repeated_after_its_lease(rig: DeadLetterRig) -> None:
    await rig.dead_letter_service.keep(dead_letter())
    assert await rig.letters.hold(dead_letter().id, "dead", rig.now, rig.now + HOLD)
    with pytest.raises(DeadLetterLocked):
        await rig.dead_letter_service.replay(dead_letter().id, "root")
    rig.now += HOLD
    assert (
        await rig.dead_letter_service.replay(dead_letter().id, "root")
    ).status is DeadLetterStatus.REPLAYED


async def test_a_huge_message_is_kept_in_part_and_can_only_be_discarded(rig: DeadLetterRig) -> None:
    huge = dead_letter(body=b"x" * (MAX_BODY_BYTES + 1))
    await rig.dead_letter_service.keep(huge)
    kept = await rig.dead_letter_service.get(huge.id)
    assert (len(kept.body), kept.size) == (MAX_BODY_BYTES, MAX_BODY_BYTES + 1)
    with pytest.raises(Conflict):
        await rig.dead_letter_service.replay(huge.id, "root")
    assert (await rig.dead_letter_service.discard(huge.id, "root")).status is DeadLetterStatus.DISCARDED


async def test_a_missing_dead_letter_is_not_found(rig: DeadLetterRig) -> None:
    for call in (
        rig.dead_letter_service.get("0" * 32),
        rig.dead_letter_service.replay("0" * 32, "x"),
        rig.dead_letter_service.discard("0" * 32, "x"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_metadata_is_read_from_a_valid_envelope(rig: DeadLetterRig) -> None:
    for letter in (dead_letter(1), dead_letter(2, b"\xff")):
        await rig.dead_letter_service.keep(letter)
    known, unknown = (
        await rig.dead_letter_service.get(dead_letter(1).id),
        await rig.dead_letter_service.get(dead_letter(2, b"\xff").id),
    )
    assert (known.type, known.event_id, known.request_id) == ("video_uploaded", "event-1", "r1")
    assert (unknown.type, unknown.event_id, unknown.request_id) == ("", "", "")
    assert unknown.died_at.astimezone(UTC) == datetime(2026, 11, 20, 12, 0, 2, tzinfo=UTC)
