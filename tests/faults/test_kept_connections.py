"""A server that closes kept connections at once is reported; calls count only if they crossed a stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest

from tests.faults.kept_connections import KeptConnections
from tests.faults.stop_overlaps import NOTICED_S, StopOverlaps
from tests.support.client import Person
from tests.support.wait import until

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Condition = Callable[[KeptConnections], bool]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("answered", [1, 2], ids=["closed while idle", "closed when idle again"])
async def test_a_kept_connection_that_is_closed_without_a_word_is_reported(answered: int) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            for _ in range(answered):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER)

    broken = await _used(handle, lambda kept: bool(kept.broken))
    assert "no answer" in broken[0]


async def test_a_connection_that_is_closed_with_its_answer_is_not_reported() -> None:
    answers = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answers
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers += 1

    assert await _used(handle, lambda kept: answers > 3) == []


async def _used(handle: Handler, is_enough: Condition) -> list[str]:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await handle(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        connections -= 1

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        kept = KeptConnections("a kept connection", f"http://127.0.0.1:{port}", StopOverlaps([]))
        async with httpx.AsyncClient() as http:
            person = Person(http, "a@example.org")
            person.tokens = {"access_token": "x"}
            using = asyncio.create_task(kept.use(person))
            try:
                await until(lambda: is_enough(kept), what="the connections are used")
            finally:
                using.cancel()
                with suppress(asyncio.CancelledError):
                    await using
        await until(lambda: not connections, what="the connections are closed")
        return kept.broken


@pytest.mark.parametrize(
    ("stopped_after_s", "is_lacking"),
    [(-1.0, True), (NOTICED_S / 2, True), (1.0, False), (1e6, True)],
    ids=["before the call", "as it began", "during the call", "after the call"],
)
def test_a_call_counts_only_if_it_was_in_progress_at_a_stop(
    stopped_after_s: float, *, is_lacking: bool
) -> None:
    began = time.monotonic() - 5.0
    overlaps = StopOverlaps([began + stopped_after_s])
    overlaps.note("a call", began)
    assert overlaps.lacking(["a call", "another"]) == (["a call", "another"] if is_lacking else ["another"])
