"""What the RabbitMQ user of each process may do, and what it may not: the worker handles hostile files."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import PublishError
from aiormq.exceptions import ChannelAccessRefused

from devstack.servers.rabbitmq import RabbitMQ as Node
from shared.contracts.events import EVENTS
from shared.messaging.ports import Process
from shared.messaging.processes import AUTH, CONVERTER, GATEWAY, NOTIFICATION, PROCESSES, WORKER
from shared.messaging.rabbitmq.topology import Names, tier_name
from shared.messaging.subscriptions import NOTIFICATION_MAIL, SUBSCRIPTIONS

NAMES = Names()
MAIL = NOTIFICATION_MAIL.queue
Attempt = Callable[[AbstractChannel], Awaitable[object]]

each_process = pytest.mark.parametrize("process", PROCESSES, ids=[each.name for each in PROCESSES])
each_publisher = pytest.mark.parametrize(
    "process", [AUTH, CONVERTER, WORKER, NOTIFICATION], ids=["auth", "converter", "worker", "notification"]
)
each_listener = pytest.mark.parametrize(
    "process", [GATEWAY, CONVERTER, WORKER], ids=["gateway", "converter", "worker"]
)


class Broker:
    """A virtual host with the topology, and connections to it as each process or as administrator."""

    def __init__(self, node: Node, vhost: str) -> None:
        self._node, self._vhost = node, vhost
        self._connections: dict[str, AbstractConnection] = {}

    @contextlib.asynccontextmanager
    async def channel(self, process: Process | None = None) -> AsyncIterator[AbstractChannel]:
        user = process.name if process else ""
        if user not in self._connections:
            self._connections[user] = await aio_pika.connect(self._node.url(self._vhost, user))
        channel = await self._connections[user].channel(publisher_confirms=True, on_return_raises=True)
        yield channel
        if not channel.is_closed:
            await channel.close()

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()

    async def refuses(self, process: Process, attempt: Attempt) -> None:
        async with self.channel(process) as channel:
            with pytest.raises(ChannelAccessRefused):
                await attempt(channel)

    async def empty(self) -> None:
        """Removes all messages from the queues."""
        async with self.channel() as channel:
            for queue in queues():
                await (await channel.get_queue(queue, ensure=False)).purge()

    async def counts(self) -> dict[str, int]:
        """Number of messages of each queue that has any."""
        async with self.channel() as channel:
            found = {}
            for name in queues():
                queue = await channel.declare_queue(name, passive=True)
                found[name] = queue.declaration_result.message_count or 0
            return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def vhost(rabbitmq: Node) -> Iterator[str]:
    name = rabbitmq.new_limited_vhost()
    yield name
    rabbitmq.control("delete_vhost", name)


@pytest.fixture
async def broker(rabbitmq: Node, vhost: str) -> AsyncIterator[Broker]:
    broker = Broker(rabbitmq, vhost)
    await broker.empty()
    yield broker
    await broker.close()


def queues() -> list[str]:
    """Every durable queue."""
    tiers = [tier_name(each.queue, tier) for each in SUBSCRIPTIONS for tier in each.retry_tiers]
    return [NAMES.dead_letters, *(each.queue for each in SUBSCRIPTIONS), *tiers]


def own_queues(process: Process) -> set[str]:
    return {each.queue for each in process.consumes} | (
        {NAMES.dead_letters} if process.keeps_dead_letters else set()
    )


def foreign_types(process: Process) -> list[str]:
    return sorted({event.type for event in EVENTS} - {event.type for event in process.publishes})


async def exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    return await channel.get_exchange(name, ensure=False) if name else channel.default_exchange


async def publish(channel: AbstractChannel, to: str, key: str) -> None:
    await (await exchange(channel, to)).publish(aio_pika.Message(b"forged"), routing_key=key)


async def ignore(_: AbstractIncomingMessage) -> None:
    """A consumer that leaves its messages unacknowledged."""


async def broadcast_queue(channel: AbstractChannel, process: Process, **arguments: str | int) -> str:
    name = f"{process.listens[0].name}.test"
    await channel.declare_queue(name, exclusive=True, auto_delete=True, arguments={**arguments})
    return name


def test_every_event_has_a_publisher() -> None:
    published = {event for process in PROCESSES for event in process.publishes}
    assert published == set(EVENTS)


def test_every_queue_has_one_consumer() -> None:
    consumed = [subscription for process in PROCESSES for subscription in process.consumes]
    assert sorted(each.queue for each in consumed) == sorted(each.queue for each in SUBSCRIPTIONS)


@each_process
async def test_a_process_publishes_its_events(broker: Broker, process: Process) -> None:
    async with broker.channel() as listening:
        tap = await listening.declare_queue(exclusive=True)
        await tap.bind(NAMES.events, routing_key="#")
        async with broker.channel(process) as channel:
            for event in process.publishes:
                await publish(channel, NAMES.exchange_of(process), event.type)
        received = [(await tap.get(no_ack=True)).routing_key for _ in process.publishes]
    assert sorted(map(str, received)) == sorted(event.type for event in process.publishes)


@each_process
async def test_a_process_consumes_its_queues_and_no_others(broker: Broker, process: Process) -> None:
    own = own_queues(process)
    async with broker.channel(process) as channel:
        for name in own:
            queue = await channel.get_queue(name, ensure=False)
            assert await queue.get(fail=False) is None
            await queue.consume(ignore)
    for name in set(queues()) - own:

        async def read(channel: AbstractChannel, name: str = name) -> None:
            await (await channel.get_queue(name, ensure=False)).get(fail=False)

        async def consume(channel: AbstractChannel, name: str = name) -> None:
            await (await channel.get_queue(name, ensure=False)).consume(ignore)

        await broker.refuses(process, read)
        await broker.refuses(process, consume)


@each_publisher
async def test_a_process_cannot_publish_an_event_of_another(broker: Broker, process: Process) -> None:
    for event in foreign_types(process):
        async with broker.channel(process) as channel:
            with pytest.raises(PublishError):
                await publish(channel, NAMES.exchange_of(process), event)
    assert await broker.counts() == {}


@each_process
async def test_a_process_cannot_publish_past_its_own_exchange(broker: Broker, process: Process) -> None:
    foreign = [NAMES.exchange_of(each) for each in PROCESSES if each is not process]
    for name in (NAMES.events, NAMES.dead_letters, "", *foreign):
        await broker.refuses(process, lambda channel, name=name: publish(channel, name, MAIL))  # type: ignore[misc]
    assert await broker.counts() == {}


@each_listener
async def test_a_process_cannot_have_a_queue_publish_for_it(broker: Broker, process: Process) -> None:
    """A queue dead-letters messages under any routing key, without a check of topic permissions."""
    for name in (NAMES.events, NAMES.dead_letters, ""):
        arguments: dict[str, str | int] = {
            "x-message-ttl": 0,
            "x-dead-letter-exchange": name,
            "x-dead-letter-routing-key": MAIL,
        }
        await broker.refuses(
            process,
            lambda channel, given=arguments: broadcast_queue(channel, process, **given),  # type: ignore[misc]
        )


async def test_an_own_queue_cannot_forge_an_event_either(broker: Broker) -> None:
    async with broker.channel(WORKER) as channel:
        own = NAMES.exchange_of(WORKER)
        key = "password_reset_requested"
        arguments: dict[str, str | int] = {
            "x-message-ttl": 0,
            "x-dead-letter-exchange": own,
            "x-dead-letter-routing-key": key,
        }
        queue = await broadcast_queue(channel, WORKER, **arguments)
        bound = await channel.declare_exchange(f"{WORKER.listens[0].name}.exchange", auto_delete=True)
        await (await channel.get_queue(queue, ensure=False)).bind(bound, routing_key="x")
        await bound.publish(aio_pika.Message(b"forged"), routing_key="x")
        # Published after it: has arrived when it has been routed.
        await publish(channel, own, "video_uploaded")
    assert await broker.counts() == {"converter.worker": 1}


@each_listener
async def test_a_process_listens_to_its_events_and_no_others(broker: Broker, process: Process) -> None:
    heard = {event.type for event in process.listens[0].events}
    async with broker.channel(process) as channel:
        queue = await channel.get_queue(await broadcast_queue(channel, process), ensure=False)
        for key in heard:
            await queue.bind(NAMES.events, routing_key=key)

    async def bind(channel: AbstractChannel, source: str, key: str) -> None:
        name = await broadcast_queue(channel, process)
        await (await channel.get_queue(name, ensure=False)).bind(source, routing_key=key)

    foreign = [(NAMES.events, event.type) for event in EVENTS if event.type not in heard]
    exchanges = [(NAMES.exchange_of(each), "password_reset_requested") for each in PROCESSES]
    for source, key in (*foreign, *exchanges, (NAMES.events, "#"), (NAMES.events, "*")):
        await broker.refuses(process, lambda channel, at=(source, key): bind(channel, *at))  # type: ignore[misc]


@each_process
async def test_a_process_cannot_change_queues(broker: Broker, process: Process) -> None:
    own = own_queues(process)
    for name in queues():

        async def delete(channel: AbstractChannel, name: str = name) -> None:
            await channel.queue_delete(name)

        async def declare(channel: AbstractChannel, name: str = name) -> None:
            await channel.declare_queue(name, durable=True)

        async def bind(channel: AbstractChannel, name: str = name) -> None:
            await (await channel.get_queue(name, ensure=False)).bind(NAMES.events, routing_key="x")

        async def purge(channel: AbstractChannel, name: str = name) -> None:
            await (await channel.get_queue(name, ensure=False)).purge()

        for attempt in (delete, declare, bind, *(() if name in own else (purge,))):
            await broker.refuses(process, attempt)


@each_process
async def test_a_process_cannot_change_exchanges(broker: Broker, process: Process) -> None:
    for name in (NAMES.events, NAMES.dead_letters, *map(NAMES.exchange_of, PROCESSES), "another"):

        async def remove(channel: AbstractChannel, name: str = name) -> None:
            await channel.exchange_delete(name)

        async def make(channel: AbstractChannel, name: str = name) -> None:
            await channel.declare_exchange(name, durable=True)

        await broker.refuses(process, remove)
        await broker.refuses(process, make)
