"""Delivery of messages: distribution, order, acknowledgement, redelivery."""

import asyncio
from collections import Counter

import pytest

from shared.contracts.events import SessionRevoked, VideoUploaded
from shared.logs import bind_correlation, correlation_id
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed, Unroutable
from shared.messaging.handlers import Handlers, MissingHandler
from tests.contract.messaging.broker_rigs import Rig, quick_subscription
from tests.support.consumers import Gate, Recorder, consuming, handlers, kill, publish, running
from tests.support.wait import until

UPLOADED = VideoUploaded(conversion_id="c1")
REVOKED = SessionRevoked(session_id="s1", user_id="u1")


async def test_each_queue_gets_its_own_copy(rig: Rig) -> None:
    one, two = quick_subscription("test.one"), quick_subscription("test.two")
    first, second = Recorder(), Recorder()
    async with rig.process(one, two) as broker, consuming(broker, one, first), consuming(broker, two, second):
        [envelope] = await publish(broker, UPLOADED)
        await first.finished(1)
        await second.finished(1)
    assert [delivery.envelope for delivery in first.deliveries] == [envelope]
    assert [delivery.envelope for delivery in second.deliveries] == [envelope]
    assert (first.deliveries[0].attempt, first.deliveries[0].redelivered) == (1, False)


async def test_consumers_of_one_queue_share_its_messages(rig: Rig) -> None:
    gate = Gate()
    first, second = Recorder(gate), Recorder(gate)
    async with (
        rig.process(quick_subscription()) as broker,
        consuming(broker, quick_subscription(), first),
        consuming(broker, quick_subscription(), second),
    ):
        envelopes = await publish(broker, *[UPLOADED] * 4)
        await first.received(1)
        await second.received(1)
        gate.opened.set()
        await until(lambda: len(first.done) + len(second.done) == 4, what="all four are handled")
    assert Counter(first.ids + second.ids) == Counter(envelope.id for envelope in envelopes)


async def test_a_busy_consumer_leaves_the_rest_to_others(rig: Rig) -> None:
    gate = Gate()
    busy, free = Recorder(gate), Recorder()
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), busy):
        _, second, third = await publish(broker, *[UPLOADED] * 3)
        await busy.received(1)
        async with consuming(broker, quick_subscription(), free):
            await free.finished(2)
        gate.opened.set()
    assert free.ids == [second.id, third.id]


async def test_messages_are_delivered_in_the_order_of_publishing(rig: Rig) -> None:
    recorder = Recorder()
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), recorder):
        envelopes = await publish(broker, *[UPLOADED] * 20)
        await recorder.finished(20)
    assert recorder.ids == [envelope.id for envelope in envelopes]


async def test_at_most_prefetch_handlers_run_at_once(rig: Rig) -> None:
    gate = Gate()
    recorder = Recorder(gate)
    subscription = quick_subscription(prefetch=3)
    async with rig.process(subscription) as broker, consuming(broker, subscription, recorder):
        await publish(broker, *[UPLOADED] * 8)
        await until(lambda: gate.running == 3, what="three handlers at work")
        gate.opened.set()
        await recorder.finished(8)
    assert gate.most == 3


async def test_messages_published_before_the_first_consumer_are_kept(rig: Rig) -> None:
    recorder = Recorder()
    async with rig.process(quick_subscription()) as broker:
        [envelope] = await publish(broker, UPLOADED)
        async with consuming(broker, quick_subscription(), recorder):
            await recorder.finished(1)
    assert recorder.ids == [envelope.id]


async def test_an_event_that_requires_a_queue_and_has_none_is_refused(rig: Rig) -> None:
    async with rig.process() as broker:
        with pytest.raises(Unroutable):
            await publish(broker, UPLOADED)


async def test_an_optional_event_can_be_published_without_a_queue(rig: Rig) -> None:
    async with rig.process() as broker:
        await publish(broker, REVOKED)


async def test_a_full_queue_refuses_messages(rig: Rig) -> None:
    subscription = quick_subscription(max_length=2)
    async with rig.process(subscription) as broker:
        with pytest.raises(PublishFailed):
            await publish(broker, *[UPLOADED] * 200)


async def test_a_message_of_a_crashed_consumer_is_redelivered_to_another(rig: Rig) -> None:
    dying, heir = Recorder(Gate()), Recorder()
    async with rig.process(quick_subscription()) as broker:
        [envelope] = await publish(broker, UPLOADED)
        async with running(
            broker.consumer(quick_subscription(), handlers(quick_subscription(), dying))
        ) as process:
            await dying.received(1)
            await kill(process)
        async with consuming(broker, quick_subscription(), heir):
            await heir.finished(1)
    assert dying.done == []
    assert heir.ids == [envelope.id]
    assert heir.deliveries[0].redelivered
    assert heir.deliveries[0].attempt == 1


async def test_a_handled_message_is_not_redelivered(rig: Rig) -> None:
    first, second = Recorder(), Recorder()
    async with rig.process(quick_subscription()) as broker:
        await publish(broker, UPLOADED)
        async with running(
            broker.consumer(quick_subscription(), handlers(quick_subscription(), first))
        ) as process:
            await first.finished(1)
            [marker] = await publish(broker, UPLOADED)
            await first.finished(2)  # with prefetch 1 it came after the first was acknowledged
            await kill(process)
        [last] = await publish(broker, UPLOADED)
        async with consuming(broker, quick_subscription(), second):
            await until(lambda: last.id in second.done, what="the last message is handled")
    assert set(second.ids) <= {marker.id, last.id}


async def test_the_correlation_id_is_part_of_the_message(rig: Rig) -> None:
    seen: list[str] = []

    async def note(_: object, __: object) -> None:
        seen.append(correlation_id.get())

    with bind_correlation("request-1"):
        envelope = wrap(UPLOADED, "/test", "c1")
    async with rig.process(quick_subscription()) as broker, consuming(broker, quick_subscription(), note):
        await publish(broker)
        await broker.publish(envelope)
        await until(lambda: seen, what="the handler ran")
    assert seen == ["request-1"]


async def test_a_consumer_without_a_handler_for_each_event_is_refused(rig: Rig) -> None:
    async with rig.process(quick_subscription()) as broker:
        with pytest.raises(MissingHandler, match="video_uploaded"):
            broker.consumer(quick_subscription(), Handlers({}, expected=()))


async def test_concurrent_publishers_lose_no_message(rig: Rig) -> None:
    recorder = Recorder()
    subscription = quick_subscription(prefetch=50)
    async with rig.process(subscription) as broker, consuming(broker, subscription, recorder):
        await publish(broker)
        envelopes = [wrap(UPLOADED, "/test", "c1") for _ in range(100)]
        await asyncio.gather(*(broker.publish(envelope) for envelope in envelopes))
        await recorder.finished(100)
    assert sorted(recorder.ids) == sorted(envelope.id for envelope in envelopes)
