"""TCP proxies between processes whose links can be cut, slowed down, delayed or made half-open."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
PIECE = 64 * 1024
SLOW_PIECE = 256
CONNECT_S = 5.0
# Steps of the loop until a connection that was aborted by the callback of a task is closed.
CLOSING_STEPS = 3


class LinkState(Enum):
    """State of a link."""

    FAIR = "fair"
    CUT = "cut"  # connections are reset, new ones refused at once
    SILENT = "silent"  # half-open: bytes are dropped without an error
    DEAF = "deaf"  # requests pass, responses do not
    SLOW = "slow"  # some kilobytes per second
    DELAYED = "delayed"  # a constant delay for each read
    UNANSWERED = "unanswered"  # SMTP: the mail passes, then the connection closes before its reply

    @property
    def is_fault(self) -> bool:
        """True for faults that make sense on any link."""
        return self not in {LinkState.FAIR, LinkState.UNANSWERED}


# RFC 5321 §4.1.1.4
END_OF_MAIL = b"\r\n.\r\n"
DELAY_S = {LinkState.SLOW: 0.05, LinkState.DELAYED: 0.2}


class SmtpDialogue:
    """Remembers whether the client's last bytes were the end of a mail."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        self._tail = (self._tail + piece)[-len(END_OF_MAIL) :]

    @property
    def is_mail_complete(self) -> bool:
        return self._tail == END_OF_MAIL


class Link:
    """A listening port that forwards to another. Its methods are thread-safe.

    `hits` counts what met a fault: connections that were reset, attempts to connect, and pieces of data
    that were held back or delayed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, target: int) -> None:
        self.port = port
        self.state = LinkState.FAIR
        self.unanswered = 0
        self.hits = 0
        self._loop = loop
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._passable = asyncio.Event()
        self._passable.set()

    def turn(self, state: LinkState) -> None:
        """Changes the state, also for open connections."""
        asyncio.run_coroutine_threadsafe(self._turn(state), self._loop).result(10)

    async def _turn(self, state: LinkState) -> None:
        self.state = state
        if state in {LinkState.SILENT, LinkState.DEAF}:
            self._passable.clear()
        else:
            self._passable.set()
        if state is LinkState.CUT:
            self.drop()

    def drop(self) -> None:
        """Resets all open connections."""
        for writer in list(self._open):
            self.hits += 1
            writer.transport.abort()

    async def serve(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def close(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Not a coroutine: its task could be cancelled before its first step, which would leave the
        connection open.
        """
        if self.state is LinkState.CUT:
            self.hits += 1
            writer.transport.abort()
            return
        task = asyncio.create_task(self._forward(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                further, onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return
        self._open |= {writer, onward}
        dialogue = SmtpDialogue()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, onward, dialogue, answers=False))
                both.create_task(self._pass(further, writer, dialogue, answers=True))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (writer, onward):
                each.transport.abort()
                self._open.discard(each)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        dialogue: SmtpDialogue,
        *,
        answers: bool,
    ) -> None:
        while piece := await reader.read(SLOW_PIECE if self.state is LinkState.SLOW else PIECE):
            if self.state is LinkState.SILENT or (self.state is LinkState.DEAF and answers):
                self.hits += 1
                await self._passable.wait()
            if pause_s := DELAY_S.get(self.state):
                self.hits += 1
                await asyncio.sleep(pause_s)
            if not answers:
                dialogue.feed(piece)
            elif self.state is LinkState.UNANSWERED and dialogue.is_mail_complete:
                self.unanswered += 1
                raise ConnectionAbortedError
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


class Proxies:
    """Links with their own event loop in a thread, so that no test can block them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()
        self.links: dict[str, Link] = {}

    def link(self, name: str, port: int, target: int) -> Link:
        made = Link(self._loop, port, target)
        self._run(made.serve())
        self.links[name] = made
        return made

    def close(self) -> None:
        for link in self.links.values():
            self._loop.call_soon_threadsafe(link.drop)
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        own = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not own]
        for link in self.links.values():
            link.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(CLOSING_STEPS):
            await asyncio.sleep(0)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
