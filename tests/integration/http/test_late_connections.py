"""Connections beyond those whose requests are read are answered too."""

import asyncio
import socket

import pytest

from shared.http.late_connections import LateLimits, answering_late_connections
from tests.integration.http.stoppable_server import RawConnection

CONNECTIONS = 12


@pytest.mark.parametrize("at_once", [CONNECTIONS, 3])
async def test_each_connection_of_a_burst_is_answered(at_once: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    address = listener.getsockname()

    async def ask() -> bool:
        connection = RawConnection(*await asyncio.open_connection(*address))
        answer = await connection.ask()
        assert (answer.status, answer.closes) == (503, True)
        closed = await connection.is_closed()
        connection.writer.close()
        return closed

    async with answering_late_connections(listener, LateLimits(read=2, at_once=at_once)):
        assert await asyncio.gather(*[ask() for _ in range(CONNECTIONS)]) == [True] * CONNECTIONS
