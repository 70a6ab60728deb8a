"""A TCP link that can be cut, slowed down, delayed or left half-open: between any two processes."""

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


class LinkState(Enum):
    """What a link is like."""

    FAIR = "fair"
    CUT = "cut"  # connections are reset, new ones refused at once
    SILENT = "silent"  # half-open: what is sent goes nowhere, and nobody is told
    DEAF = "deaf"  # requests arrive, answers do not
    SLOW = "slow"  # some kilobytes a second
    DELAYED = "delayed"  # each piece takes its time
    UNANSWERED = "unanswered"  # of SMTP: a mail arrives, and in place of the answer to it comes the end

    @property
    def is_foul(self) -> bool:
        """On any link at all."""
        return self not in {LinkState.FAIR, LinkState.UNANSWERED}


# RFC 5321 §4.1.1.4
END_OF_MAIL = b"\r\n.\r\n"
DELAY_S = {LinkState.SLOW: 0.05, LinkState.DELAYED: 0.2}


class SmtpDialogue:
    """One connection's; knows whether what was last said was the end of a mail."""

    def __init__(self) -> None:
        self._tail = b""

    def heard(self, piece: bytes) -> None:
        self._tail = (self._tail + piece)[-len(END_OF_MAIL) :]

    @property
    def is_a_mail_over(self) -> bool:
        return self._tail == END_OF_MAIL


class Link:
    """One listening port that leads to another. Its methods may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, target: int) -> None:
        self.port = port
        self.state = LinkState.FAIR
        self.unanswered = 0
        self._loop = loop
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._fair = asyncio.Event()
        self._fair.set()

    def turn(self, state: LinkState) -> None:
        """From now on, also for connections that are open."""
        asyncio.run_coroutine_threadsafe(self._turn(state), self._loop).result(10)

    async def _turn(self, state: LinkState) -> None:
        self.state = state
        if state in {LinkState.SILENT, LinkState.DEAF}:
            self._fair.clear()
        else:
            self._fair.set()
        if state is LinkState.CUT:
            self.drop()

    def drop(self) -> None:
        """Resets what is open."""
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self) -> None:
        await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state is LinkState.CUT:
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(CONNECT_S):
                further, onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
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
                await self._fair.wait()
            if pause_s := DELAY_S.get(self.state):
                await asyncio.sleep(pause_s)
            if not answers:
                dialogue.heard(piece)
            elif self.state is LinkState.UNANSWERED and dialogue.is_a_mail_over:
                self.unanswered += 1
                raise ConnectionAbortedError
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


class Proxies:
    """Links with an event loop of their own, so that no test can hold them up."""

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
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
