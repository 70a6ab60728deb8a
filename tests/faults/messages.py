"""What a broker may do to a consumer: the same message again, in another order, and some of no sense."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aio_pika
import msgspec
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from shared.contracts.events import (
    AccountDeleted,
    ConversionCancelled,
    Event,
    OperatorActed,
    PasswordChanged,
    VideoUploaded,
)
from shared.messaging.envelope import encode, wrap
from shared.messaging.rabbitmq import Names
from shared.messaging.subscriptions import (
    AUTH_AUDIT,
    CONVERTER_WORKER,
    NOTIFICATION_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_WEBHOOKS,
)
from tests.support.wait import until

TAP = "faults.tap"
KEPT = 300
# On what this suite publishes, so that nobody doubles the doubled.
OURS = "faults"
CONNECT_S = 10.0
HEARD_WITHIN_S = 10.0
# So many events at least are heard before some of them are said again.
ENOUGH = 6
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Queue → an event that it is there for, and that concerns nobody.
EXPECTED: Mapping[str, Event] = {
    CONVERTER_WORKER.queue: VideoUploaded(conversion_id="nobody-s"),
    NOTIFICATION_MAIL.queue: PasswordChanged(user_id="x", recipient="nobody@example.org", changed_at=NOW),
    NOTIFICATION_WEBHOOKS.queue: ConversionCancelled(conversion_id="nobody-s", owner_id="x", filename="x"),
    NOTIFICATION_ACCOUNTS.queue: AccountDeleted(user_id="nobody-s"),
}


def malformed_for(event: Event) -> Mapping[str, bytes]:
    """By what is wrong with them: one thing in each."""
    valid = wrap(event, "/faults", "x", "unheard", time=NOW)
    replace = msgspec.structs.replace
    return {
        "no JSON": b"\xff\x00 this is not JSON",
        "no envelope": b'{"hello": "system"}',
        "unknown type": encode(replace(valid, type="unheard_of")),
        "another version": encode(replace(valid, dataversion=99)),
    }


@dataclass
class Told:
    """How many events were said twice."""

    count: int = 0


class Messages:
    """Hears every event beside its consumers, to say it again."""

    # Queue and what is wrong with it → message.
    MALFORMED: Mapping[tuple[str, str], bytes] = {
        (queue, what): body
        for queue, event in EXPECTED.items()
        for what, body in malformed_for(event).items()
    }

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._heard: list[tuple[str, bytes]] = []
        self._is_listening = False

    async def deafen(self) -> None:
        """While somebody hears every event there is none that nobody hears, and a publisher that does not
        care whether it is heard would not be found out.
        """
        if self._is_listening:
            async with self._channel() as channel:
                await channel.queue_delete(TAP)
            self._is_listening = False

    async def repeat(self, count: int, rng: random.Random) -> int:
        """Some of the latest events, each twice, in no order. Returns how many messages that made. From the
        first time on the tap keeps what is published, also while nobody reads it.
        """
        rng = random.Random(rng.random())  # how many are drawn depends on what was heard
        async with self._channel() as channel:
            await self._listen(channel)
            chosen = [rng.choice(self._heard) for _ in range(count)] if self._heard else []
            exchange = await channel.get_exchange(Names().events, ensure=False)
            for key, body in rng.sample(chosen * 2, len(chosen) * 2):
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
        """Straight into the queues, as somebody with access to the broker could."""
        async with self._channel() as channel:
            for (queue, _), body in self.MALFORMED.items():
                await channel.default_exchange.publish(_durable(body), routing_key=queue)

    async def say_that_an_operator_acted(self) -> None:
        """What nobody does while people work: the one thing that auth_service hears."""
        event = OperatorActed(action="faults", details={})
        async with self._channel() as channel:
            body = encode(wrap(event, "/faults", "faults"))
            await channel.default_exchange.publish(_durable(body), routing_key=AUTH_AUDIT.queue)

    async def _listen(self, channel: AbstractChannel) -> None:
        if not self._is_listening:
            tap = await channel.declare_queue(TAP, durable=True, arguments={"x-max-length": KEPT})
            await tap.bind(Names().events, routing_key="#")
            self._is_listening = True
        with contextlib.suppress(AssertionError):  # then there is less to say
            await until(lambda: self._has_heard_enough(channel), timeout_s=HEARD_WITHIN_S)

    async def _has_heard_enough(self, channel: AbstractChannel) -> bool:
        await self._catch_up(channel)
        return len(self._heard) >= ENOUGH

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
