"""Connections beyond those whose requests are read are answered too."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from gateway.middleware.cors import CorsPolicy
from shared.http.late_connections import IDLE_S, RETRY_S, LateLimits, answering_late_connections
from tests.integration.http.stoppable_server import REQUEST, RawConnection

CONNECTIONS = 12
PIECES = 6
MIB = 1024 * 1024
PAGE = "https://app.example.org"


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=64)


@pytest.mark.parametrize("at_once", [CONNECTIONS, 3])
async def test_each_connection_of_a_burst_is_answered(listener: socket.socket, at_once: int) -> None:
    async def ask() -> bool:
        async with connection_to(listener) as connection:
            answer = await connection.ask()
            assert (answer.status, answer.closes) == (503, True)
            return await connection.is_closed()

    async with answering_late_connections(listener, limits=LateLimits(read=2, at_once=at_once)):
        assert await asyncio.gather(*[ask() for _ in range(CONNECTIONS)]) == [True] * CONNECTIONS


@pytest.mark.parametrize(("piece", "pause_s"), [(100, IDLE_S / 4), (8 * MIB, 0.0)], ids=["slow", "large"])
async def test_a_client_that_reads_only_after_its_whole_body_gets_the_answer(
    listener: socket.socket, piece: int, pause_s: float
) -> None:
    async with connection_to(listener) as connection:
        async with answering_late_connections(listener):
            head = f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {PIECES * piece}\r\n\r\n"
            connection.writer.write(head.encode())
            await connection.writer.drain()
            for _ in range(PIECES):
                await asyncio.sleep(pause_s)  # the pace of the client
                connection.writer.write(bytes(piece))
                await connection.writer.drain()
        answer = await connection.answer()
        assert (answer.status, answer.closes) == (503, True)


@pytest.mark.parametrize(("origin", "is_readable"), [(PAGE, True), ("https://evil.example.org", False)])
async def test_a_page_of_an_allowed_origin_can_read_the_answer(
    listener: socket.socket, origin: str, *, is_readable: bool
) -> None:
    fields = CorsPolicy((PAGE,)).response_fields
    async with answering_late_connections(listener, fields), connection_to(listener) as connection:
        connection.writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n".encode())
        head = (await connection.answer()).head
        assert (f"access-control-allow-origin: {origin}" in head) is is_readable
        assert "vary: Origin" in head


@asynccontextmanager
async def connection_to(listener: socket.socket) -> AsyncIterator[RawConnection]:
    connection = RawConnection(*await asyncio.open_connection(*listener.getsockname()))
    try:
        yield connection
    finally:
        connection.writer.close()


async def test_a_process_without_free_descriptors_answers_when_there_is_one_again(
    listener: socket.socket,
) -> None:
    async with connection_to(listener) as connection, answering_late_connections(listener):
        with all_descriptors_taken():
            connection.writer.write(REQUEST)
            await asyncio.sleep(RETRY_S)
        assert (await connection.answer()).status == 503


@contextmanager
def all_descriptors_taken() -> Iterator[None]:
    """Lowers the limit to the lowest free descriptor for the duration of the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(lowest)
