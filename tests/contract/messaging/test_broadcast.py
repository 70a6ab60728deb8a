"""Broadcast events and their listeners."""

import contextlib
from collections.abc import AsyncIterator

from shared.contracts.events import SessionRevoked
from shared.messaging.ports import Broadcast, Broker
from tests.contract.messaging.broker_rigs import Rig
from tests.support.consumers import Failing, Gate, Recorder, handlers, publish, running
from tests.support.wait import until

REVOKED = SessionRevoked(session_id="s1", user_id="u1")


class Gaps:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


@contextlib.asynccontextmanager
async def listening(broker: Broker, handler: Recorder, gaps: Gaps | None = None) -> AsyncIterator[None]:
    broadcast = Broadcast(name="gateway.sessions", events=(SessionRevoked,), on_gap=gaps or Gaps())
    async with running(broker.listener(broadcast, handlers(broadcast, handler))):
        yield


async def test_every_listener_receives_the_event(rig: Rig) -> None:
    first, second = Recorder(), Recorder()
    async with (
        rig.process() as one,
        rig.process() as two,
        listening(one, first),
        listening(two, second),
    ):
        [envelope] = await publish(one, REVOKED)
        await first.finished(1)
        await second.finished(1)
    assert first.ids == second.ids == [envelope.id]


async def test_on_gap_runs_when_listening_begins(rig: Rig) -> None:
    gaps = Gaps()
    async with rig.process() as broker, listening(broker, Recorder(), gaps):
        await until(lambda: gaps.count == 1, what="on_gap is called")


async def test_earlier_events_are_not_delivered(rig: Rig) -> None:
    recorder = Recorder()
    async with rig.process() as broker:
        await publish(broker, REVOKED)
        async with listening(broker, recorder):
            [envelope] = await publish(broker, REVOKED)
            await recorder.finished(1)
    assert recorder.ids == [envelope.id]


async def test_a_listener_survives_a_handler_that_fails(rig: Rig) -> None:
    recorder = Recorder(Failing(ValueError("broken")))
    async with rig.process() as broker, listening(broker, recorder):
        first, second = await publish(broker, REVOKED, REVOKED)
        await recorder.finished(1)
    assert sorted(recorder.ids) == sorted([first.id, second.id])


async def test_a_slow_listener_does_not_hold_up_the_publisher(rig: Rig) -> None:
    gate = Gate()
    async with rig.process() as broker, listening(broker, Recorder(gate)):
        await publish(broker, *[REVOKED] * 150)
        await until(lambda: gate.running == 100, what="as many handlers as the prefetch allows")
        gate.opened.set()
