"""One connection with one channel that comes back by itself, for ever."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self

import aio_pika
import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection
from yarl import URL

from shared.logs import get_logger
from shared.messaging.delivery_history import describe
from shared.messaging.errors import NotReady
from shared.tasks import asked_to_end

log = get_logger(__name__)


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. A dead peer is noticed after about three heartbeats. Pauses between attempts double, with
    jitter.
    """

    connect_timeout: float = 10
    prepare_timeout: float = 10
    publish_timeout: float = 5
    close_timeout: float = 5
    answer_timeout: float = 2
    heartbeat: int = 10
    first_pause: float = 0.2
    longest_pause: float = 5


class Lost(Exception):
    """The connection, the channel or the consumer is gone."""


Lose = Callable[[str], None]
Prepare = Callable[[AbstractChannel, Lose], Awaitable[None]]


class Link:
    """While entered, keeps a channel open. `prepare` declares and subscribes on each new one.

    `prepare` gets the channel and a function to call when what it set up is gone although the channel is not.
    aio_pika.connect_robust is not used: it restores channels one by one behind the scenes, with neither
    back-off nor a moment at which everything is known to be in place again.
    """

    def __init__(self, url: str, name: str, prepare: Prepare, timing: Timing) -> None:
        self._url = _checked(url).update_query(name=name, heartbeat=str(timing.heartbeat))
        self._name = name
        self._prepare = prepare
        self._timing = timing
        self._up = asyncio.Event()
        self._channel: AbstractChannel | None = None
        self._connection: AbstractConnection | None = None
        self._trouble = "not connected yet"
        self._task: asyncio.Task[None] | None = None
        self._question: asyncio.Task[str] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"link {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=2 * self._timing.close_timeout)

    async def channel(self) -> AbstractChannel:
        """Wait until there is one on which the broker accepts messages; a resource alarm blocks them."""
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
        await self._up.wait()

    async def check(self) -> None:
        """Raises NotReady, with the last thing that went wrong. A broker that stands still keeps connections
        for some heartbeats, so it is asked for something that every virtual host has.

        Nobody stops waiting for the answer: the library closes a channel whose call was cancelled.
        """
        if self._channel is None:
            raise NotReady(self._trouble)
        question = self._question
        if question is None or question.done():
            question = self._question = asyncio.create_task(_asked(self._channel))
        await asyncio.wait({question}, timeout=self._timing.answer_timeout)
        if not question.done():
            raise NotReady(f"no answer within {self._timing.answer_timeout:g} s")
        if trouble := question.result():
            raise NotReady(trouble)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            began = clock()
            try:
                await self._connected_until_lost()
            except asyncio.CancelledError as error:
                if asked_to_end():
                    raise
                self._trouble = describe(error)
            except Exception as error:  # noqa: BLE001, logged below, and tried again for ever
                self._trouble = describe(error)
            failures = 0 if clock() - began > 2 * self._timing.longest_pause else failures + 1
            pause = self._pause_s(failures)
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
            raise Lost(await loss)
        finally:
            self._up.clear()
            self._channel = self._connection = self._question = None
            await self._close(connection)

    async def _open(self, connection: AbstractConnection, lose: Lose) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(lambda _, error: lose(f"channel closed: {error!r}"))
        connection.close_callbacks.add(lambda _, error: lose(f"connection closed: {error!r}"))
        await self._prepare(channel, lose)
        self._connection, self._channel = connection, channel
        self._up.set()

    async def _close(self, connection: AbstractConnection) -> None:
        # A broken connection may fail to close in any way; it is given up either way.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._timing.close_timeout):
                await connection.close()

    def _pause_s(self, failures: int) -> float:
        longest = min(self._timing.longest_pause, self._timing.first_pause * 2.0 ** min(failures, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311, jitter


async def _asked(channel: AbstractChannel) -> str:
    """What went wrong; the empty string when it was answered."""
    try:
        await channel.get_exchange("amq.topic", ensure=True)
    except asyncio.CancelledError as lost:
        return describe(lost)
    except Exception as trouble:  # noqa: BLE001, whatever it is, the broker did not answer
        return describe(trouble)
    return ""


@contextlib.asynccontextmanager
async def within(timeout_s: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise Lost(f"{what} took longer than {timeout_s:g} s") from error


def _checked(url: str) -> URL:
    """Raises ValueError without repeating the URL, which may hold a password."""
    parsed = URL(url)
    if parsed.scheme not in {"amqp", "amqps"} or not parsed.host:
        raise ValueError("the broker's address must look like amqp://user:password@host:5672/vhost")
    return parsed
