"""Dead letters: storing them and putting them back into their queue."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.events import VideoUploaded
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import encode
from shared.messaging.errors import Reject, Unroutable
from shared.messaging.ports import Broker
from tests.contract.messaging.broker_rigs import Rig, quick_subscription
from tests.support.consumers import Failing, Recorder, consuming, publish, running
from tests.support.wait import until

UPLOADED = VideoUploaded(conversion_id="c1")


class UnreliableStore:
    """Stores dead letters in memory after `failures` failed calls."""

    def __init__(self, failures: int = 0) -> None:
        self.letters: dict[str, DeadLetter] = {}
        self.failures = failures

    async def __call__(self, letter: DeadLetter) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no room")
        self.letters[letter.id] = letter

    async def kept(self, count: int) -> list[DeadLetter]:
        await until(lambda: len(self.letters) >= count, what=f"dead letter number {count}")
        return sorted(self.letters.values(), key=lambda each: each.id)


@contextlib.asynccontextmanager
async def keeping(broker: Broker, keeper: UnreliableStore) -> AsyncIterator[None]:
    async with running(broker.dead_letter_consumer(keeper)):
        yield


async def test_a_dead_letter_is_stored_with_all_its_metadata(rig: Rig) -> None:
    keeper, recorder = UnreliableStore(), Recorder(Failing(ValueError("broken"), Reject("hopeless")))
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    async with (
        rig.process(quick_subscription()) as broker,
        consuming(broker, quick_subscription(), recorder),
        keeping(broker, keeper),
    ):
        [envelope] = await publish(broker, UPLOADED)
        [letter] = await keeper.kept(1)
    assert (letter.body, letter.queue, letter.reason) == (
        encode(envelope),
        quick_subscription().queue,
        "hopeless",
    )
    assert [entry.partition(" ")[2] for entry in letter.history] == [
        "ValueError: broken",
        "rejected: hopeless",
    ]
    assert began <= letter.died_at <= datetime.now(UTC)


async def test_a_dead_letter_that_cannot_be_stored_stays_queued(rig: Rig) -> None:
    keeper = UnreliableStore(failures=2)
    async with (
        rig.process(quick_subscription()) as broker,
        consuming(broker, quick_subscription(), Recorder()),
        keeping(broker, keeper),
    ):
        await publish(broker, UPLOADED)
        await rig.put(quick_subscription().queue, b"\xff not json")
        [letter] = await keeper.kept(1)
    assert (letter.body, letter.reason.partition(":")[0]) == (b"\xff not json", "MalformedEnvelope")


async def test_a_replayed_message_starts_without_failures(rig: Rig) -> None:
    keeper, recorder = UnreliableStore(), Recorder(Failing(Reject("hopeless")))
    other, elsewhere = quick_subscription("test.other"), Recorder()
    async with (
        rig.process(quick_subscription(), other) as broker,
        consuming(broker, quick_subscription(), recorder),
        consuming(broker, other, elsewhere),
        keeping(broker, keeper),
    ):
        [envelope] = await publish(broker, UPLOADED)
        [letter] = await keeper.kept(1)
        await broker.put_back(letter.queue, letter.body, letter.history)
        await recorder.finished(1)
    assert recorder.ids == [envelope.id] * 2
    assert [delivery.attempt for delivery in recorder.deliveries] == [1, 1]
    assert elsewhere.ids == [envelope.id], "only where it died"


async def test_a_message_that_fails_after_a_replay_is_a_new_dead_letter_naming_the_first(rig: Rig) -> None:
    keeper, recorder = UnreliableStore(), Recorder(Failing(Reject("hopeless"), Reject("still hopeless")))
    async with (
        rig.process(quick_subscription()) as broker,
        consuming(broker, quick_subscription(), recorder),
        keeping(broker, keeper),
    ):
        await publish(broker, UPLOADED)
        [first] = await keeper.kept(1)
        await broker.put_back(first.queue, first.body, (*first.history, "now replayed"))
        _, second = await keeper.kept(2)
    assert (second.reason, second.body) == ("still hopeless", first.body)
    told = [entry.partition(" ")[2] for entry in second.history]
    assert told == ["rejected: hopeless", "replayed", "rejected: still hopeless"]


async def test_a_replay_to_a_missing_queue_is_refused(rig: Rig) -> None:
    async with (
        rig.process(quick_subscription()) as broker,
        consuming(broker, quick_subscription(), Recorder()),
    ):
        await publish(broker, UPLOADED)
        with pytest.raises(Unroutable):
            await broker.put_back("test.nowhere", b"x", ())
