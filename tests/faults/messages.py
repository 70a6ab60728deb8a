"""Faults of a broker: repeated, reordered and malformed messages."""

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
    WebhookDelivered,
)
from shared.messaging.envelope import encode, wrap
from shared.messaging.rabbitmq.topology import Names
from shared.messaging.subscriptions import (
    AUTH_AUDIT,
    CONVERTER_WORKER,
    NOTIFICATION_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_RECORDS,
    NOTIFICATION_WEBHOOKS,
)
from tests.support.wait import until

TAP = "faults.tap"
KEPT = 300
# Header of messages that this suite publishes, which are not doubled again.
OURS = "faults"
CONNECT_S = 10.0
RECORDED_WITHIN_S = 10.0
# Minimum number of recorded events before some are repeated.
ENOUGH = 6
NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Queue → an event of a type that it is bound to, about an id that does not exist.
EXPECTED: Mapping[str, Event] = {
    CONVERTER_WORKER.queue: VideoUploaded(conversion_id="unknown"),
    NOTIFICATION_MAIL.queue: PasswordChanged(user_id="x", recipient="nobody@example.org", changed_at=NOW),
    NOTIFICATION_WEBHOOKS.queue: ConversionCancelled(conversion_id="unknown", owner_id="x", filename="x"),
    NOTIFICATION_RECORDS.queue: WebhookDelivered(delivery_id="unknown", at=NOW, status=200, duration_s=0.1),
    NOTIFICATION_ACCOUNTS.queue: AccountDeleted(user_id="unknown"),
}


def malformed_for(event: Event) -> Mapping[str, bytes]:
    """Returns message bodies by their defect; each has exactly one."""
    valid = wrap(event, "/faults", "x", "unheard", time=NOW)
    replace = msgspec.structs.replace
    return {
        "no JSON": b"\xff\x00 this is not JSON",
        "no envelope": b'{"hello": "system"}',
        "unknown type": encode(replace(valid, type="unheard_of")),
        "another version": encode(replace(valid, dataversion=99)),
    }


@dataclass
class Repetitions:
    """Number of events that were published twice."""

    count: int = 0


class Messages:
    """Records every event in a separate queue, to publish it again."""

    # Queue and what is wrong with it → message.
    MALFORMED: Mapping[tuple[str, str], bytes] = {
        (queue, what): body
        for queue, event in EXPECTED.items()
        for what, body in malformed_for(event).items()
    }

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._recorded: list[tuple[str, bytes]] = []
        self._is_listening = False

    async def stop_recording(self) -> None:
        """Deletes the recording queue: while it exists, no event is unroutable, and a publisher without
        `mandatory` would not be noticed.
        """
        if self._is_listening:
            async with self._channel() as channel:
                await channel.queue_delete(TAP)
            self._is_listening = False

    async def repeat(self, count: int, rng: random.Random) -> int:
        """Publishes some of the latest events twice, in random order; returns the number of messages.

        The recording queue exists from the first call on.
        """
        rng = random.Random(rng.random())  # the number of draws depends on the events recorded
        async with self._channel() as channel:
            await self._listen(channel)
            chosen = [rng.choice(self._recorded) for _ in range(count)] if self._recorded else []
            exchange = await channel.get_exchange(Names().events, ensure=False)
            for key, body in rng.sample(chosen * 2, len(chosen) * 2):
                await exchange.publish(_durable(body), routing_key=key)
            return 2 * len(chosen)

    @asynccontextmanager
    async def doubled(self) -> AsyncIterator[Repetitions]:
        """Publishes each event once more as soon as it is received, for the duration of the block."""
        repetitions = Repetitions()
        async with self._channel() as channel:
            exchange = await channel.get_exchange(Names().events, ensure=False)
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(exchange, routing_key="#")
            await queue.consume(lambda message: _again(message, exchange, repetitions), no_ack=True)
            yield repetitions

    async def publish_malformed(self) -> None:
        """Publishes malformed messages directly to the queues."""
        async with self._channel() as channel:
            for (queue, _), body in self.MALFORMED.items():
                await channel.default_exchange.publish(_durable(body), routing_key=queue)

    async def publish_operator_acted(self) -> None:
        """Publishes `operator_acted`, the only event that auth_service consumes."""
        event = OperatorActed(action="faults", details={})
        async with self._channel() as channel:
            body = encode(wrap(event, "/faults", "faults"))
            await channel.default_exchange.publish(_durable(body), routing_key=AUTH_AUDIT.queue)

    async def _listen(self, channel: AbstractChannel) -> None:
        if not self._is_listening:
            tap = await channel.declare_queue(TAP, durable=True, arguments={"x-max-length": KEPT})
            await tap.bind(Names().events, routing_key="#")
            self._is_listening = True
        with contextlib.suppress(AssertionError):  # then fewer events are repeated
            await until(lambda: self._has_enough(channel), timeout_s=RECORDED_WITHIN_S)

    async def _has_enough(self, channel: AbstractChannel) -> bool:
        await self._catch_up(channel)
        return len(self._recorded) >= ENOUGH

    async def _catch_up(self, channel: AbstractChannel) -> None:
        tap = await channel.get_queue(TAP, ensure=False)
        while (message := await tap.get(no_ack=True, fail=False)) is not None:
            self._recorded.append((str(message.routing_key), message.body))
        del self._recorded[:-KEPT]

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with asyncio.timeout(CONNECT_S):
            connection = await aio_pika.connect(self._url)
        async with connection:
            yield await connection.channel()


async def _again(
    message: AbstractIncomingMessage, exchange: AbstractExchange, repetitions: Repetitions
) -> None:
    if OURS not in message.headers:
        await exchange.publish(_durable(message.body), routing_key=str(message.routing_key))
        repetitions.count += 1


def _durable(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, headers={OURS: "yes"}, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
