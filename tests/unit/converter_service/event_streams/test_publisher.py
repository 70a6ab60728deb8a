"""ProgressPublisher: each revision once, the newest only, and never blocking."""

import asyncio
from contextlib import suppress

from converter_service.conversions.model import Conversion
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.transitions.run import renewed
from converter_service.event_streams.publisher import MAX_WAITING, ProgressPublisher
from shared.messaging.envelope import Envelope
from shared.messaging.errors import PublishFailed
from tests.support.conversions import LEASE, NOON, PATHS, converting, queued
from tests.support.wait import until


class RecordingBroker:
    """A broker that records published events, and refuses the first `failing` of them."""

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.envelopes: list[Envelope] = []

    async def publish(self, envelope: Envelope) -> None:
        if self.failing:
            self.failing -= 1
            raise PublishFailed("away")
        self.envelopes.append(envelope)


async def told(heard: RecordingBroker, *conversions: Conversion) -> list[Envelope]:
    """The events published up to that of the last conversion."""
    publisher = ProgressPublisher(heard, PATHS)
    for conversion in conversions:
        publisher.enqueue(conversion)
    running = asyncio.create_task(publisher.run())
    last = conversions[-1].id
    await until(lambda: any(each.subject == last for each in heard.envelopes), what="the last is told")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return heard.envelopes


async def test_of_several_queued_changes_only_the_newest_is_published() -> None:
    first = converting()
    second = renewed(first, "token-1", NOON + LEASE, 0.5)
    [envelope] = await told(RecordingBroker(), first, second, first, second)
    assert (envelope.type, envelope.data["edition"]) == ("conversion_changed", second.revision)


async def test_a_deletion_is_published_without_the_conversion() -> None:
    [envelope] = await told(RecordingBroker(), deleted(converting(), NOON))
    assert (envelope.type, envelope.data) == ("conversion_removed", {"conversion_id": converting().id})


async def test_an_unavailable_broker_only_loses_progress_events() -> None:
    envelopes = await told(RecordingBroker(failing=1), queued(1), queued(2))
    assert [each.subject for each in envelopes] == [queued(2).id]


async def test_the_queue_is_bounded_and_drops_the_oldest() -> None:
    envelopes = await told(RecordingBroker(), *(queued(number) for number in range(MAX_WAITING + 5)))
    assert len(envelopes) == MAX_WAITING
    assert envelopes[0].subject == queued(5).id
