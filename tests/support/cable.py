"""A network between a client and a server that holds back long requests, and can be cut and mended."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 64 * 1024


class Cable:
    """Passes TCP connections on. Of each, `allowed` bytes of the client get through, until `hold_nothing`."""

    def __init__(self, target: tuple[str, int], allowed: float) -> None:
        self._target, self._allowed = target, allowed
        self._changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.holds = asyncio.Event()
        self.sent = 0
        """Bytes of clients that have got through."""

    async def hold_nothing(self) -> None:
        self._allowed = math.inf
        async with self._changed:
            self._changed.notify_all()

    def cut(self) -> None:
        """Breaks all connections and refuses new ones."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        back, forth = await asyncio.open_connection(*self._target)
        ends = {writer, forth}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send(reader, forth))
                both.create_task(answer(back, writer))
        except* ConnectionError:
            pass
        finally:
            self._writers -= ends
            for each in ends:
                each.transport.abort()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        while piece := await reader.read(PIECE):
            while sent >= self._allowed:
                self.holds.set()
                async with self._changed:
                    await self._changed.wait()
            sent += len(piece)
            self.sent += len(piece)
            writer.write(piece)
            await writer.drain()
        raise ConnectionResetError


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    raise ConnectionResetError


@asynccontextmanager
async def cable(target: tuple[str, int], allowed: float) -> AsyncIterator[tuple[Cable, str]]:
    """Yields the cable and the URL at which the target is reached through it."""
    made = Cable(target, allowed)
    server = await asyncio.start_server(made.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield made, f"http://127.0.0.1:{port}"
    finally:
        server.close()
        made.cut()
