"""A stop leaves no request without an answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from shared.http.server import QUIET_S
from tests.integration.http.stoppable_server import (
    HEALTH,
    REQUEST,
    SLOW,
    RawConnection,
    StoppableServer,
    stoppable_server,
)

PIECE = 1000


@pytest.fixture
async def server() -> AsyncIterator[StoppableServer]:
    async with stoppable_server() as server:
        yield server


async def test_a_kept_connection_is_answered_and_closed_by_its_next_request(server: StoppableServer) -> None:
    kept = await server.connect()
    assert (await kept.ask()).status == 200
    await server.begin_stop()
    answer = await kept.ask()
    assert (answer.status, answer.closes) == (503, True)
    assert "retry-after: 1" in answer.head.lower()
    assert msgspec.json.decode(answer.body)["code"] == "unavailable"
    assert await kept.is_closed()


async def quick(server: StoppableServer) -> RawConnection:
    connection = await server.connect()
    assert (await connection.ask()).status == 200
    return connection


async def slow(server: StoppableServer) -> RawConnection:
    """A request that has just ended, and lasted longer than the stop waits for quiet connections."""
    connection = await server.connect()
    connection.writer.write(SLOW)
    await server.waiting.wait()
    await asyncio.sleep(QUIET_S)  # the duration of the request
    server.go_on.set()
    assert (await connection.answer()).status == 200
    return connection


async def health(server: StoppableServer) -> RawConnection:
    await asyncio.sleep(QUIET_S)  # since any other request
    connection = await server.connect()
    assert (await connection.ask(HEALTH)).status == 200
    return connection


async def unused(server: StoppableServer) -> RawConnection:
    await asyncio.sleep(QUIET_S)  # since any request
    return await server.connect()


@pytest.mark.parametrize("use", [quick, slow, health, unused])
async def test_a_connection_is_open_for_a_while_after_the_stop_has_begun(
    server: StoppableServer, use: Callable[[StoppableServer], Awaitable[RawConnection]]
) -> None:
    """A request may be on its way on each of them."""
    connection = await use(server)
    await server.begin_stop()
    await asyncio.sleep(QUIET_S / 2)  # the way of the request
    answer = await connection.ask()
    assert (answer.status, answer.closes) == (503, True)
    assert await connection.is_closed()


async def test_the_body_of_a_refused_request_is_read_also_when_the_grace_is_over() -> None:
    async with stoppable_server(grace_s=0.5) as server:
        running = await server.connect()
        running.writer.write(SLOW)
        await server.waiting.wait()
        sending = await server.connect()
        assert (await sending.ask()).status == 200
        await server.begin_stop()
        sending.writer.write(
            f"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: {5 * PIECE}\r\n\r\n".encode()
        )
        for _ in range(5):
            sending.writer.write(bytes(PIECE))
            await sending.writer.drain()
            await asyncio.sleep(0.4)  # the pace of the client
        assert (await sending.answer()).status == 503


async def test_connections_in_use_are_closed_one_after_the_other_before_the_end(
    server: StoppableServer,
) -> None:
    """Each time that one is used, the others get as much time again."""
    kept = [await server.connect() for _ in range(4)]
    for connection in kept:
        assert (await connection.ask()).status == 200
    await server.begin_stop()
    for connection in kept:
        answer = await connection.ask()
        assert (answer.status, answer.closes) == (503, True)
        await asyncio.sleep(0.5)
    await server.ended()


async def test_a_running_request_is_answered_and_closes_its_connection(server: StoppableServer) -> None:
    connection = await server.connect()
    connection.writer.write(SLOW)
    await server.waiting.wait()
    await server.begin_stop()
    server.go_on.set()
    answer = await connection.answer()
    assert (answer.status, answer.closes) == (200, True)
    assert await connection.is_closed()


async def test_a_header_that_began_before_the_stop_is_answered(server: StoppableServer) -> None:
    connection = await server.connect()
    assert (await connection.ask()).status == 200
    connection.writer.write(REQUEST[:20])
    await server.begin_stop()
    assert (await connection.ask(REQUEST[20:])).status == 503


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept connection", "new connection"])
async def test_a_refused_client_that_reads_after_its_slow_body_gets_the_answer(
    server: StoppableServer, is_kept: bool
) -> None:
    """The body takes longer than the quiet period of the stop."""
    connection = await server.connect()
    if is_kept:
        assert (await connection.ask()).status == 200
    await server.begin_stop()
    connection.writer.write(
        f"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: {10 * PIECE}\r\n\r\n".encode()
    )
    for _ in range(10):
        connection.writer.write(bytes(PIECE))
        await connection.writer.drain()
        await asyncio.sleep(0.4)  # the pace of the client
    answer = await connection.answer()
    assert (answer.status, answer.closes) == (503, True)
    await server.ended()


async def test_pipelined_requests_are_answered_up_to_the_one_that_closes(server: StoppableServer) -> None:
    connection = await server.connect()
    connection.writer.write(SLOW + REQUEST)
    await server.waiting.wait()
    await server.begin_stop()
    server.go_on.set()
    answer = await connection.answer()
    assert (answer.status, answer.closes) == (200, True)


async def test_an_unused_connection_ends_without_a_reset(server: StoppableServer) -> None:
    used, unused = await server.connect(), await server.connect()
    assert (await used.ask()).status == 200
    server.stop.set()
    assert await used.is_closed()
    assert await unused.is_closed()
    await server.ended()


async def test_a_connection_made_while_the_server_ends_is_answered() -> None:
    """The grace period is over, and the server waits for the requests that it cuts off."""
    async with stoppable_server(grace_s=0.2) as server:
        running = await server.connect()
        running.writer.write(SLOW)
        await server.waiting.wait()
        server.stop.set()
        answers = []
        while not server.task or not server.task.done():
            try:
                connection = await server.connect()
                answers.append(await connection.ask())
            except ConnectionRefusedError:
                break
            assert await connection.is_closed()
            connection.writer.close()
        assert len(answers) > 1
        assert {answer.status for answer in answers} <= {200, 503}
        assert answers[-1].closes
        assert msgspec.json.decode(answers[-1].body)["request_id"]


async def test_no_request_of_many_clients_stays_without_an_answer(server: StoppableServer) -> None:
    """Clients that keep a connection for some requests, then open another, until the port is closed."""
    counted = {200: 0, 503: 0}

    async def client() -> None:
        while True:
            try:
                connection = await server.connect()
            except ConnectionRefusedError:
                return
            closes = False
            while not closes:
                answer = await connection.ask()
                counted[answer.status] += 1
                closes = answer.closes
            connection.writer.close()

    clients = [asyncio.create_task(client()) for _ in range(8)]
    server.stop.set()
    await asyncio.gather(*clients)
    await server.ended()
    assert counted[503] > 8
