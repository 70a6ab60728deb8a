"""Behaviour of the client when RabbitMQ crashes, freezes, blocks publishers or drops connections."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aio_pika
import msgspec
import pytest

from devstack.servers.rabbitmq import RabbitMQ as Node
from shared.contracts.events import SessionRevoked, VideoUploaded
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import wrap
from shared.messaging.errors import NotReady, PublishFailed, Retry
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broadcast, Subscription
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.timeouts import Timing
from tests.support.consumers import Failing, Gate, Recorder, consuming, handlers, publish, running
from tests.support.messaging.outbox import MemoryOutbox
from tests.support.wait import PATIENCE_S, until

UPLOADED = VideoUploaded(conversion_id="c1")
SUBSCRIPTION = Subscription(
    queue="test.inbox",
    events=(VideoUploaded,),
    max_attempts=3,
    retry_tiers=(timedelta(milliseconds=50), timedelta(seconds=3)),
    delivery_limit=2,
)
QUICK = Timing(
    connect_timeout=2,
    prepare_timeout=3,
    publish_timeout=1,
    close_timeout=1,
    heartbeat=1,
    first_pause=0.05,
    longest_pause=0.3,
)
RECOVERY_S = 120.0


def broker_at(url: str) -> RabbitMQ:
    return RabbitMQ(url, "test", (SUBSCRIPTION,), timing=QUICK)


async def crash(node: Node) -> None:
    """A crash forgets a quorum queue declared within the last half second (rabbitmq-server#15725).

    The test is not about that, so the broker's register of queues is flushed first.
    """
    await asyncio.to_thread(node.control, "eval", "ok = dets:sync(ra_directory_reverse).")
    await asyncio.to_thread(node.kill)


async def restart(node: Node) -> None:
    await crash(node)
    await asyncio.to_thread(node.start)


async def cut_connections(node: Node) -> None:
    """The connections that exist now."""
    await asyncio.to_thread(node.control, "close_all_connections", "--global", "test")


@contextlib.asynccontextmanager
async def memory_alarm(node: Node) -> AsyncIterator[None]:
    await asyncio.to_thread(node.control, "set_vm_memory_high_watermark", "0.0000001")
    try:
        yield
    finally:
        await asyncio.to_thread(node.control, "set_vm_memory_high_watermark", "0.4")


@contextlib.asynccontextmanager
async def relaying(relay: OutboxRelay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_nothing_is_lost_when_the_broker_is_killed_under_load(node: Node, url: str) -> None:
    recorder = Recorder()
    outbox = MemoryOutbox()
    async with (
        broker_at(url) as broker,
        consuming(broker, SUBSCRIPTION, recorder),
        relaying(OutboxRelay(outbox, broker, poll_s=0.05, lease_s=5, max_pause_s=0.5)),
    ):
        stored = []
        restarting = None
        for number in range(300):
            envelope = wrap(UPLOADED, "/test", f"c{number}")
            await outbox.store(envelope)
            stored.append(envelope.id)
            if number == 100:
                await recorder.finished(20)
                restarting = asyncio.create_task(restart(node))
            await asyncio.sleep(0.005)
        assert restarting
        await restarting
        await until(
            lambda: set(stored) <= set(recorder.done), timeout_s=RECOVERY_S, what="every event is handled"
        )
        await until(lambda: not len(outbox), timeout_s=RECOVERY_S, what="the outbox is empty")


async def test_the_client_waits_for_a_broker_that_is_down_at_start(node: Node, url: str) -> None:
    await asyncio.to_thread(node.kill)
    recorder = Recorder()
    async with broker_at(url) as broker:
        consumer = broker.consumer(SUBSCRIPTION, handlers(SUBSCRIPTION, recorder))
        process = asyncio.create_task(consumer.run())
        began = time.monotonic()
        with pytest.raises(PublishFailed):
            await broker.publish(wrap(UPLOADED, "/test", "c1"))
        assert time.monotonic() - began < RECOVERY_S
        with pytest.raises(NotReady):
            await broker.check()
        with pytest.raises(NotReady):
            await consumer.check()
        await asyncio.to_thread(node.start)
        async with asyncio.timeout(RECOVERY_S):
            await consumer.ready()
        # A broker that has just started may confirm later than `publish_timeout`.
        [published] = await publish_again(broker)
        await until(lambda: published in recorder.done, what="it is handled")
        await consumer.stop(timedelta(seconds=5))
        await process
    assert set(recorder.ids) == {published}


async def test_a_consumer_stops_while_the_broker_is_down(node: Node, url: str) -> None:
    async with broker_at(url) as broker:
        consumer = broker.consumer(SUBSCRIPTION, handlers(SUBSCRIPTION, Recorder()))
        async with running(consumer):
            await crash(node)
            async with asyncio.timeout(PATIENCE_S):
                await consumer.stop(timedelta(hours=1))


async def test_a_handler_survives_its_connection_and_its_message_is_redelivered(node: Node, url: str) -> None:
    gate = Gate()
    recorder = Recorder(gate)
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder) as consumer:
        [envelope] = await publish(broker, UPLOADED)
        await recorder.received(1)
        noticing = asyncio.create_task(
            until(lambda: _is_cut(consumer.check()), timeout_s=60, what="the consumer notices")
        )
        await cut_connections(node)
        await noticing
        await consumer.ready()
        gate.opened.set()
        await recorder.finished(2)
    assert gate.most == 1
    assert recorder.ids == [envelope.id] * 2
    assert [delivery.redelivered for delivery in recorder.deliveries] == [False, True]


async def _is_cut(check: object) -> bool:
    try:
        await check  # type: ignore[misc]
    except NotReady:
        return True
    return False


async def test_a_message_in_a_retry_tier_survives_a_crash_of_the_broker(node: Node, url: str) -> None:
    recorder = Recorder(Failing(Retry(3)))
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder):
        [envelope] = await publish(broker, UPLOADED)
        await until(lambda: _count(url, "test.inbox.retry.3"), what="it waits in the tier")
        await restart(node)
        await until(lambda: recorder.done, timeout_s=RECOVERY_S, what="it is handled")
    assert recorder.done == [envelope.id]


async def _count(url: str, queue: str) -> int:
    async with await aio_pika.connect(url) as connection:
        declared = await (await connection.channel()).declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def test_a_memory_alarm_fails_publishing_in_time_but_not_consumers(node: Node, url: str) -> None:
    gate = Gate()
    recorder = Recorder(gate)
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder):
        await publish(broker, UPLOADED, UPLOADED)
        await recorder.received(1)
        async with memory_alarm(node):
            refused = [wrap(UPLOADED, "/test", f"c{number}") for number in range(3)]
            for envelope in refused:
                began = time.monotonic()
                with pytest.raises(PublishFailed):
                    await broker.publish(envelope)
                assert time.monotonic() - began < RECOVERY_S
            gate.opened.set()
            await recorder.finished(2)
        [last] = await publish_again(broker)
        await until(lambda: last in recorder.done, what="publishing works again")
    late = {envelope.id for envelope in refused} & set(recorder.ids)
    assert len(late) <= 1, "only the first can have been sent: it is what made the broker tell of its alarm"


async def publish_again(broker: RabbitMQ) -> list[str]:
    envelope = wrap(UPLOADED, "/test", "c3")

    async def published() -> bool:
        try:
            await broker.publish(envelope)
        except PublishFailed:
            return False
        return True

    _: bool = await until(published, timeout_s=RECOVERY_S, what="publishing works")
    return [envelope.id]


async def test_a_failed_message_is_not_lost_while_publishing_is_blocked(node: Node, url: str) -> None:
    gate = Gate()

    async def fail_once(event: VideoUploaded, delivery: object) -> None:
        if len(recorder.deliveries) == 1:
            await gate.opened.wait()
            raise ValueError("broken")

    recorder = Recorder(fail_once)  # type: ignore[arg-type]
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder):
        [envelope] = await publish(broker, UPLOADED)
        await recorder.received(1)
        async with memory_alarm(node):
            with pytest.raises(PublishFailed):
                await broker.publish(wrap(UPLOADED, "/test", "c2"))
            gate.opened.set()
        await until(lambda: envelope.id in recorder.done, timeout_s=RECOVERY_S, what="it is handled")


async def test_a_frozen_broker_is_detected_and_reconnected(node: Node, url: str) -> None:
    recorder = Recorder()
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder) as consumer:
        await publish(broker, UPLOADED)
        await recorder.finished(1)
        node.pause()
        with pytest.raises(PublishFailed):
            await broker.publish(wrap(UPLOADED, "/test", "c2"))
        _: bool = await until(lambda: _is_cut(consumer.check()), what="missing heartbeats are noticed")
        node.resume()
        [last] = await publish_again(broker)
        await until(lambda: last in recorder.done, timeout_s=RECOVERY_S, what="it works again")


async def test_a_deleted_queue_is_declared_again(node: Node, url: str) -> None:
    recorder = Recorder()
    async with broker_at(url) as broker, consuming(broker, SUBSCRIPTION, recorder):
        await publish(broker, UPLOADED)
        await recorder.finished(1)
        async with await aio_pika.connect(url) as connection:
            await (await connection.channel()).queue_delete(SUBSCRIPTION.queue)
        [last] = await publish_again(broker)
        await until(lambda: last in recorder.done, what="messages flow again")


async def test_a_message_that_crashes_its_consumers_is_dead_lettered(url: str) -> None:
    async with broker_at(url) as broker:
        [envelope] = await publish(broker, UPLOADED)

        async def dies_with_it() -> bool:
            connection = await aio_pika.connect(url)
            queue = await (await connection.channel()).get_queue(SUBSCRIPTION.queue)
            message = await queue.get(fail=False)
            await connection.close()
            return message is None

        _: bool = await until(dies_with_it, what="it is no longer delivered")
        letters: list[DeadLetter] = []

        async def keep(letter: DeadLetter) -> None:
            letters.append(letter)

        async with running(broker.dead_letter_consumer(keep)):
            await until(lambda: letters, what="the dead letter")
    [letter] = letters
    assert (letter.body, letter.queue) == (msgspec.json.encode(envelope), SUBSCRIPTION.queue)
    assert letter.reason.startswith("delivery_limit: ")
    assert abs(datetime.now(UTC) - letter.died_at) < timedelta(minutes=1)


async def test_on_gap_runs_after_each_reconnect(node: Node, url: str) -> None:
    gaps: list[float] = []

    async def on_gap() -> None:
        gaps.append(time.monotonic())

    recorder = Recorder()
    broadcast = Broadcast(name="test.news", events=(SessionRevoked,), on_gap=on_gap)
    async with (
        broker_at(url) as broker,
        running(broker.listener(broadcast, handlers(broadcast, recorder))),
    ):
        assert len(gaps) == 1
        await cut_connections(node)
        await until(lambda: len(gaps) == 2, timeout_s=RECOVERY_S, what="the gap is told")
        revoked = wrap(SessionRevoked(session_id="s", user_id="u"), "/test", "s")

        async def published() -> bool:
            try:
                await broker.publish(revoked)
            except PublishFailed:
                return False
            return True

        _: bool = await until(published, what="publishing works")
        await recorder.finished(1)


async def test_a_queue_with_other_properties_is_reported_and_not_changed(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(SUBSCRIPTION.queue, durable=True)
        async with broker_at(url) as broker:

            async def told() -> bool:
                try:
                    await broker.check()
                except NotReady as error:
                    return "PRECONDITION_FAILED" in str(error) and SUBSCRIPTION.queue in str(error)
                return False

            _: bool = await until(told, what="the check names the queue")
            await channel.queue_delete(SUBSCRIPTION.queue)
            await publish(broker, UPLOADED)


def test_a_malformed_url_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="must look like") as caught:
        RabbitMQ("http://user:secret@host", "test", ())
    assert "secret" not in str(caught.value)


async def test_a_wrong_password_is_reported_without_showing_it(url: str) -> None:
    wrong = url.replace("tonegate:", "tonegate:wrong-")
    assert wrong != url
    async with broker_at(wrong) as broker:

        async def told() -> str:
            try:
                await broker.check()
            except NotReady as error:
                return str(error) if "not connected yet" not in str(error) else ""
            return ""

        reason: str = await until(told, what="the check says why")
    assert "wrong-" not in reason
