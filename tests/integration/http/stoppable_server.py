"""A small service on a real port, which tests stop, and raw connections to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from litestar import get
from prometheus_client import CollectorRegistry

from devstack.ports import free_port
from shared.http.application import Wiring, build_application
from shared.http.server import Address, Listeners, serve
from shared.settings import ServerCertificate
from tests.support.wait import PATIENCE_S, until

REQUEST = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class StoppableServer:
    """`go_on` lets the slow route answer."""

    port: int = field(default_factory=free_port)
    trust: ssl.SSLContext | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> "RawConnection":
        """Opens a connection, which is closed with the server at the latest."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.trust)
        self.writers.append(writer)
        return RawConnection(reader, writer)

    async def begin_stop(self) -> None:
        """Requests the stop and waits until it has begun."""
        self.stop.set()

        async def refuses() -> bool:
            connection = await self.connect()
            return (await connection.ask()).status == 503

        await until(refuses, what="new requests are refused")

    async def ended(self) -> None:
        assert self.task is not None
        async with asyncio.timeout(PATIENCE_S):
            await self.task


@dataclass
class RawAnswer:
    status: int
    head: str
    body: bytes

    @property
    def closes(self) -> bool:
        return "\r\nconnection: close\r\n" in self.head.lower()


@dataclass
class RawConnection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes = REQUEST) -> RawAnswer:
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> RawAnswer:
        """Raises IncompleteReadError or ConnectionResetError if the connection ends without an answer."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await self.reader.readexactly(int(fields["content-length"]))
        return RawAnswer(int(head.split(" ", 2)[1]), head, body)

    async def is_closed(self) -> bool:
        """Waits for the end of the connection, which must be an orderly one."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read(1) == b""


@asynccontextmanager
async def stoppable_server(
    grace_s: float = 20.0, certificate: ServerCertificate | None = None, trust: ssl.SSLContext | None = None
) -> AsyncIterator[StoppableServer]:
    server = StoppableServer(trust=trust)

    @get("/quick")
    async def quick() -> dict[str, bool]:
        return {"quick": True}

    @get("/slow")
    async def slow() -> dict[str, bool]:
        server.waiting.set()
        await server.go_on.wait()
        return {"slow": True}

    listeners = Listeners(
        Address("127.0.0.1", server.port),
        Address("127.0.0.1", free_port()),
        certificate,
        grace=timedelta(seconds=grace_s),
    )
    app = build_application(Wiring(controllers=[quick, slow]))
    server.task = asyncio.create_task(serve(app, CollectorRegistry(), listeners, server.stop))

    async def answers() -> bool:
        try:
            return (await (await server.connect()).ask()).status == 200
        except OSError:
            return False

    try:
        await until(answers, what="the server listens")
        yield server
    finally:
        server.stop.set()
        server.go_on.set()
        await server.ended()
        for writer in server.writers:
            writer.close()
        await asyncio.sleep(0)  # the transports close in the next round of the loop
