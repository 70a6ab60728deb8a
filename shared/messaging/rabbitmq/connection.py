"""One AMQP connection with one channel, re-established without limit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from yarl import URL

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.errors import NotReady
from shared.messaging.rabbitmq.timeouts import ConnectionLost, Timing, within
from shared.tasks import cancel_requested

log = get_logger(__name__)

ReportLoss = Callable[[str], None]
SetUp = Callable[[AbstractChannel, ReportLoss], Awaitable[None]]


class Connection:
    """Keeps a channel open while entered. `set_up` declares and subscribes on each new channel.

    `set_up` gets the channel, and a function to call when what it set up is gone although the channel is not.
    aio_pika.connect_robust is not used: it restores channels one by one without back-off, and does not report
    when everything is in place again.
    """

    def __init__(self, url: str, name: str, set_up: SetUp, timing: Timing) -> None:
        self._url = _checked(url).update_query(name=name, heartbeat=str(timing.heartbeat))
        self._name = name
        self._set_up = set_up
        self._timing = timing
        self._up = asyncio.Event()
        self._up_since = 0.0
        self._channel: AbstractChannel | None = None
        self._connection: AbstractConnection | None = None
        self._trouble = "not connected yet"
        self._task: asyncio.Task[None] | None = None
        self._probe: asyncio.Task[str] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"connection {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=2 * self._timing.close_timeout)

    async def channel(self) -> AbstractChannel:
        """Waits for a channel on which the broker accepts messages; a resource alarm blocks it."""
        while True:
            await self._up.wait()
            connection, channel = self._connection, self._channel
            if connection is None or channel is None or connection.transport is None:
                await asyncio.sleep(0)
                continue
            await connection.transport.ready()
            if self._channel is channel:
                return channel

    async def ready(self) -> None:
        """Waits until a channel is set up."""
        await self._up.wait()

    def up_for(self) -> timedelta:
        """Returns how long the present channel has been set up; zero without one."""
        if self._channel is None:
            return timedelta()
        return timedelta(seconds=asyncio.get_running_loop().time() - self._up_since)

    async def check(self) -> None:
        """Raises NotReady with the latest failure while the broker does not answer.

        Sends a request, since a frozen broker keeps its connections for some heartbeats. The request is not
        cancelled on a timeout: the library would close the channel.
        """
        if self._channel is None:
            raise NotReady(self._trouble)
        probe = self._probe
        if probe is None or probe.done():
            probe = self._probe = asyncio.create_task(_probe(self._channel))
        await asyncio.wait({probe}, timeout=self._timing.answer_timeout)
        if not probe.done():
            raise NotReady(f"no answer within {self._timing.answer_timeout:g} s")
        if trouble := probe.result():
            raise NotReady(trouble)

    async def count_messages(self, queue: str) -> int:
        """Returns how many messages of a queue no consumer has. Raises NotReady, and what the library raises.

        Uses a channel of its own, because the broker closes the channel of a request that it refuses.
        """
        if self._connection is None:
            raise NotReady(self._trouble)
        async with (
            asyncio.timeout(self._timing.answer_timeout),
            self._connection.channel(publisher_confirms=False) as channel,
        ):
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count or 0

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            began = clock()
            try:
                await self._connected_until_lost()
            except asyncio.CancelledError as error:
                if cancel_requested():
                    raise
                self._trouble = describe(error)
            except Exception as error:  # noqa: BLE001, logged below and retried without limit
                self._trouble = describe(error)
            failures = 0 if clock() - began > 2 * self._timing.longest_pause else failures + 1
            pause = self._timing.pause_after(failures)
            log.warning(
                "broker connection lost", name=self._name, reason=self._trouble, next_try_s=round(pause, 2)
            )
            await asyncio.sleep(pause)

    async def _connected_until_lost(self) -> None:
        loss: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def lose(reason: str) -> None:
            if not loss.done():
                loss.set_result(reason)

        async with within(self._timing.connect_timeout, "connecting"):
            connection = await aio_pika.connect(self._url, timeout=self._timing.connect_timeout)
        try:
            async with within(self._timing.prepare_timeout, "declaring and subscribing"):
                await self._open(connection, lose)
            log.info("broker connected", name=self._name)
            raise ConnectionLost(await loss)
        finally:
            self._up.clear()
            self._channel = self._connection = self._probe = None
            await self._close(connection)

    async def _open(self, connection: AbstractConnection, lose: ReportLoss) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(lambda _, error: lose(f"channel closed: {error!r}"))
        connection.close_callbacks.add(lambda _, error: lose(f"connection closed: {error!r}"))
        await self._set_up(channel, lose)
        self._connection, self._channel = connection, channel
        self._up_since = asyncio.get_running_loop().time()
        self._up.set()

    async def _close(self, connection: AbstractConnection) -> None:
        # A broken connection may fail to close in any way; it is abandoned in any case.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._timing.close_timeout):
                await connection.close()


async def _probe(channel: AbstractChannel) -> str:
    """Makes a request that needs no permission. Returns the failure, or an empty string.

    `channel.flow` only asks for what is so in any case; since RabbitMQ 4.3 asking for an exchange is refused
    to a user without rights on it.
    """
    try:
        await (await channel.get_underlay_channel()).flow(active=True)
    except asyncio.CancelledError as lost:
        return describe(lost)
    except Exception as error:  # noqa: BLE001, any failure means that the broker did not answer
        return describe(error)
    return ""


def _checked(url: str) -> URL:
    """Raises ValueError without repeating the URL, which may hold a password."""
    parsed = URL(url)
    if parsed.scheme not in {"amqp", "amqps"} or not parsed.host:
        raise ValueError("the broker's address must look like amqp://user:password@host:5672/vhost")
    return parsed
