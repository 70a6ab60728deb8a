"""What a broker may do to a consumer: the same message again, in another order, and some of no sense."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from shared.messaging.inboxes import INBOXES
from shared.messaging.rabbitmq import Names

TAP = "faults.tap"
KEPT = 300
# On what this suite publishes, so that nobody doubles the doubled.
OURS = "faults"
CONNECT_S = 10.0
NO_SUCH_TYPE = (
    b'{"specversion":"1.0","id":"unheard","source":"/faults","type":"unheard_of","subject":"x",'
    b'"time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":{}}'
)


@dataclass
class Told:
    """How many events were said twice."""

    count: int = 0


class Messages:
    """Hears every event beside its consumers, to say it again."""

    MALFORMED: Mapping[str, bytes] = {
        "no JSON": b"\xff\x00 this is not JSON",
        "no envelope": b'{"hello": "world"}',
        "unknown type": NO_SUCH_TYPE,
        "another version": NO_SUCH_TYPE.replace(b"unheard_of", b"video_uploaded").replace(
            b'"data"', b'"dataversion":99,"data"'
        ),
    }

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._heard: list[tuple[str, bytes]] = []

    async def listen(self) -> None:
        """From now on the tap keeps what is published, also while nobody reads it."""
        async with self._channel() as channel:
            tap = await channel.declare_queue(TAP, durable=True, arguments={"x-max-length": KEPT})
            await tap.bind(Names().events, routing_key="#")

    async def repeat(self, count: int, dice: random.Random) -> int:
        """Some of the latest events, each twice, in no order. Returns how many messages that made."""
        async with self._channel() as channel:
            await self._catch_up(channel)
            chosen = [dice.choice(self._heard) for _ in range(count)] if self._heard else []
            exchange = await channel.get_exchange(Names().events, ensure=False)
            for key, body in dice.sample(chosen * 2, len(chosen) * 2):
                await exchange.publish(_durable(body), routing_key=key)
            return 2 * len(chosen)

    @asynccontextmanager
    async def doubled(self) -> AsyncIterator[Told]:
        """While the block runs each event is published again the moment it is heard."""
        told = Told()
        async with self._channel() as channel:
            exchange = await channel.get_exchange(Names().events, ensure=False)
            ear = await channel.declare_queue(exclusive=True)
            await ear.bind(exchange, routing_key="#")
            await ear.consume(lambda message: _again(message, exchange, told), no_ack=True)
            yield told

    async def publish_malformed(self) -> None:
        """Straight into the worker's queue, as somebody with access to the broker could."""
        async with self._channel() as channel:
            for body in self.MALFORMED.values():
                await channel.default_exchange.publish(_durable(body), routing_key=INBOXES[0].queue)

    async def _catch_up(self, channel: AbstractChannel) -> None:
        tap = await channel.get_queue(TAP, ensure=False)
        while (message := await tap.get(no_ack=True, fail=False)) is not None:
            self._heard.append((str(message.routing_key), message.body))
        del self._heard[:-KEPT]

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with asyncio.timeout(CONNECT_S):
            connection = await aio_pika.connect(self._url)
        async with connection:
            yield await connection.channel()


async def _again(message: AbstractIncomingMessage, exchange: AbstractExchange, told: Told) -> None:
    if OURS not in message.headers:
        await exchange.publish(_durable(message.body), routing_key=str(message.routing_key))
        told.count += 1


def _durable(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, headers={OURS: "yes"}, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
