"""Stopping of consumers, and their readiness."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.events import VideoUploaded
from shared.messaging.errors import NotReady
from tests.contract.messaging.broker_rigs import Rig, quick_subscription
from tests.support.consumers import Gate, Recorder, consuming, handlers, publish, running
from tests.support.wait import PATIENCE_S, until

UPLOADED = VideoUploaded(conversion_id="c1")


async def test_a_stop_waits_for_the_running_handler_and_takes_no_new_message(rig: Rig) -> None:
    gate = Gate()
    leaving, heir = Recorder(gate), Recorder()
    async with rig.process(quick_subscription()) as broker:
        consumer = broker.consumer(quick_subscription(), handlers(quick_subscription(), leaving))
        async with running(consumer) as process:
            first, second, third = await publish(broker, *[UPLOADED] * 3)
            await leaving.received(1)
            stopping = asyncio.create_task(consumer.stop(timedelta(seconds=20)))
            async with consuming(broker, quick_subscription(), heir):
                await heir.finished(2)
            assert gate.running == 1
            with pytest.raises(NotReady):
                await consumer.check()
            gate.opened.set()
            await stopping
            assert process.done()
    assert leaving.done == [first.id]
    assert heir.ids == [second.id, third.id]


async def test_handlers_that_exceed_the_grace_are_cancelled_and_their_messages_requeued(rig: Rig) -> None:
    gate = Gate()
    leaving, heir = Recorder(gate), Recorder()
    async with rig.process(quick_subscription()) as broker:
        consumer = broker.consumer(quick_subscription(), handlers(quick_subscription(), leaving))
        async with running(consumer):
            [envelope] = await publish(broker, UPLOADED)
            await leaving.received(1)
            await consumer.stop(timedelta(milliseconds=50))
            assert gate.running == 0
        async with consuming(broker, quick_subscription(), heir):
            await heir.finished(1)
    assert leaving.done == []
    assert heir.ids == [envelope.id]
    assert heir.deliveries[0].attempt == 1


async def test_a_consumer_that_never_ran_stops_at_once(rig: Rig) -> None:
    async with rig.process(quick_subscription()) as broker, asyncio.timeout(PATIENCE_S):
        await broker.consumer(quick_subscription(), handlers(quick_subscription(), Recorder())).stop(
            timedelta(hours=1)
        )


async def test_a_consumer_is_ready_from_subscription_to_stop(rig: Rig) -> None:
    async with rig.process(quick_subscription()) as broker:
        consumer = broker.consumer(quick_subscription(), handlers(quick_subscription(), Recorder()))
        with pytest.raises(NotReady):
            await consumer.check()
        async with running(consumer):
            await consumer.check()
        with pytest.raises(NotReady):
            await consumer.check()


async def test_a_broker_is_not_ready_outside_its_context(rig: Rig) -> None:
    broker = rig.process(quick_subscription())
    async with broker as entered:
        await publish(entered)
        await entered.check()
    with pytest.raises(NotReady):
        await entered.check()


async def test_a_consumer_says_how_long_it_has_been_consuming(rig: Rig) -> None:
    async with rig.process(quick_subscription()) as broker:
        consumer = broker.consumer(quick_subscription(), handlers(quick_subscription(), Recorder()))
        assert consumer.consumed_for() == timedelta()
        async with running(consumer):
            await consumer.ready()
            await until(lambda: consumer.consumed_for() > timedelta(milliseconds=20), what="some time")
            await consumer.stop(timedelta())
            assert consumer.consumed_for() == timedelta()
