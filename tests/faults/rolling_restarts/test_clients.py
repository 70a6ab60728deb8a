"""Each kind of client tells a missing answer from a refused connect and from an undocumented answer."""

import asyncio
import random

import pytest

from devstack.ports import free_port
from tests.faults.rolling_restarts.calls import Calls
from tests.faults.rolling_restarts.run import KINDS
from tests.faults.rolling_restarts.tally import Tally, known_codes
from tests.support.wait import until

SILENT = b""
UNDOCUMENTED = b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"
NO_RETRY = b'HTTP/1.1 503 No\r\nContent-Length: 22\r\n\r\n{"code":"unavailable"}'


async def used(kind: str, port: int) -> Tally:
    """The results once there are some."""
    tally, over = Tally(known_codes()), asyncio.Event()
    calls = Calls(random.Random(1), "token", [], 0.0)
    client = asyncio.create_task(KINDS[kind](f"http://127.0.0.1:{port}", calls, tally, over))
    try:
        await until(lambda: tally.refused or tally.problems, what="a result")
    finally:
        over.set()
        await client
    return tally


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [SILENT, UNDOCUMENTED, NO_RETRY], ids=["none", "undocumented", "no retry"])
async def test_a_failure_on_a_connection_is_reported(kind: str, answer: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        tally = await used(kind, server.sockets[0].getsockname()[1])
    assert tally.refused == 0
    assert bool(tally.unanswered) == (answer == SILENT)
    assert bool(tally.wrong) == (answer != SILENT)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_connect_is_counted_apart(kind: str) -> None:
    tally = await used(kind, free_port())
    assert tally.refused > 0
    assert tally.problems == []
