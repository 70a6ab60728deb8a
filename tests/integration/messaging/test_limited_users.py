"""The client with limited users: events, retries, dead letters and their replay work."""

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest

from devstack.servers.rabbitmq import RabbitMQ as Node
from shared.contracts.events import SessionRevoked, VideoUploaded
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import encode, wrap
from shared.messaging.errors import NotReady, PublishFailed, Reject, Retry, Unroutable
from shared.messaging.ports import Process
from shared.messaging.processes import AUTH, CONVERTER, GATEWAY, PROCESSES, REVOCATIONS, WORKER
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.topology import Names
from shared.messaging.subscriptions import CONVERTER_WORKER, NOTIFICATION_MAIL, SUBSCRIPTIONS
from tests.support.consumers import Failing, Recorder, consuming, handlers, running
from tests.support.event_samples import RESET
from tests.support.wait import until

UPLOADED = VideoUploaded(conversion_id="c1")


class Brokers:
    """Connects as each process to one virtual host."""

    def __init__(self, node: Node, vhost: str) -> None:
        self._node, self._vhost = node, vhost

    def of(self, process: Process) -> RabbitMQ:
        url = self._node.url(self._vhost, process.name)
        return RabbitMQ(url, process.name, SUBSCRIPTIONS, process=process)

    @property
    def administrators_url(self) -> str:
        return self._node.url(self._vhost)


@pytest.fixture(scope="module")
def brokers(rabbitmq: Node) -> Iterator[Brokers]:
    vhost = rabbitmq.new_limited_vhost()
    yield Brokers(rabbitmq, vhost)
    rabbitmq.control("delete_vhost", vhost)


async def test_an_event_is_handled_retried_dead_lettered_and_replayed(brokers: Brokers) -> None:
    recorder = Recorder(Failing(Retry(0.1, "not yet"), Reject("never")))
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    envelope = wrap(UPLOADED, "/test", "c1")
    async with (
        brokers.of(CONVERTER) as api,
        brokers.of(WORKER) as worker,
        consuming(worker, CONVERTER_WORKER, recorder),
        running(api.dead_letter_consumer(keep)),
    ):
        await api.publish(envelope)
        await recorder.received(2)
        await until(lambda: letters, what="the dead letter")
        [letter] = letters
        assert (letter.queue, letter.reason) == (CONVERTER_WORKER.queue, "never")
        await api.put_back(letter.queue, letter.body, letter.history)
        await recorder.finished(1)
        await api.check()
        await worker.check()
    assert recorder.ids == [envelope.id] * 3


async def test_a_broadcast_reaches_its_listeners(brokers: Brokers) -> None:
    recorder = Recorder()
    async with (
        brokers.of(AUTH) as auth,
        brokers.of(GATEWAY) as gateway,
        running(gateway.listener(REVOCATIONS, handlers(REVOCATIONS, recorder))),
    ):
        await auth.publish(wrap(SessionRevoked(session_id="s1", user_id="u1"), "/test", "s1"))
        await recorder.finished(1)


async def test_an_event_before_the_first_start_of_its_consumer_is_kept(brokers: Brokers) -> None:
    async with brokers.of(CONVERTER) as api:
        await api.publish(wrap(UPLOADED, "/test", "c1"))
    recorder = Recorder()
    async with brokers.of(WORKER) as worker, consuming(worker, CONVERTER_WORKER, recorder):
        await recorder.finished(1)


async def test_a_worker_cannot_publish_a_reset_mail(brokers: Brokers) -> None:
    async with brokers.of(WORKER) as worker:
        with pytest.raises(PublishFailed):
            await worker.publish(wrap(RESET, "/test", "u1"))
        with pytest.raises(Unroutable):
            await worker.put_back(NOTIFICATION_MAIL.queue, encode(wrap(RESET, "/test", "u1")), ())


async def test_a_worker_cannot_read_reset_mails(brokers: Brokers) -> None:
    recorder = Recorder()
    async with brokers.of(AUTH) as auth, brokers.of(WORKER) as worker:
        await auth.publish(wrap(RESET, "/test", "u1"))
        reading = worker.consumer(NOTIFICATION_MAIL, handlers(NOTIFICATION_MAIL, recorder))
        task = asyncio.create_task(reading.run())

        async def is_refused() -> bool:
            try:
                await reading.check()
            except NotReady as error:
                return "ACCESS_REFUSED" in str(error)
            return False

        _: bool = await until(is_refused, what="the broker refuses")
        task.cancel()
        await asyncio.wait({task})
    assert recorder.deliveries == []


async def test_a_dead_letter_cannot_name_the_queue_of_another_process(brokers: Brokers) -> None:
    """An administrator who replays it would put it there."""
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    forged = aio_pika.Message(b"forged", headers={"x-tonegate-queue": NOTIFICATION_MAIL.queue})
    async with brokers.of(CONVERTER) as api, brokers.of(WORKER) as worker:
        connection = await aio_pika.connect(worker._url)
        channel = await connection.channel()
        own = await channel.get_exchange(Names().exchange_of(WORKER), ensure=False)
        await own.publish(forged, routing_key=CONVERTER_WORKER.queue)
        async with running(api.dead_letter_consumer(keep)):
            await until(lambda: letters, what="the dead letter")
        await connection.close()
    assert letters[0].queue == CONVERTER_WORKER.queue


async def test_an_installation_with_one_user_goes_on(brokers: Brokers, amqp_url: str) -> None:
    """It has all rights, and an empty virtual host or the queues of earlier versions."""
    recorder = Recorder(Failing(Retry(0.1)))
    for _ in range(2):
        async with (
            RabbitMQ(amqp_url, "api", SUBSCRIPTIONS, process=CONVERTER) as api,
            RabbitMQ(amqp_url, "worker", SUBSCRIPTIONS, process=WORKER) as worker,
        ):
            await api.publish(wrap(UPLOADED, "/test", "c1"))
            async with consuming(worker, CONVERTER_WORKER, recorder):
                await recorder.finished(1)
    assert {each.user for each in PROCESSES}.isdisjoint({amqp_url.split(":")[1].strip("/")})
