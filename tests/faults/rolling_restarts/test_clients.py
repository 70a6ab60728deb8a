"""Each kind of client tells a missing answer from a refused connect and from an undocumented answer."""

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from devstack.ports import free_port
from tests.faults.rolling_restarts.calls import Call, Calls
from tests.faults.rolling_restarts.chromium_client import repetitions, use_chromium
from tests.faults.rolling_restarts.run import KINDS
from tests.faults.rolling_restarts.tally import Answer, Tally, known_codes
from tests.support.browser import executable
from tests.support.wait import until

SILENT = b""
UNDOCUMENTED = b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"
NO_RETRY = b'HTTP/1.1 503 No\r\nContent-Length: 22\r\n\r\n{"code":"unavailable"}'


async def used(
    kind: str,
    port: int,
    is_enough: Callable[[Tally], object] = lambda tally: tally.refused or tally.problems,
    pause_s: float = 0.0,
) -> Tally:
    """The results once there are enough."""
    tally, over = Tally(known_codes()), asyncio.Event()
    calls = Calls(random.Random(1), "token", deque(), pause_s)
    client = asyncio.create_task(KINDS[kind](f"http://127.0.0.1:{port}", calls, tally, over))
    try:
        await until(lambda: bool(is_enough(tally)), what="a result")
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


REPEATING = {"curl"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kept_connection_that_ends_without_an_answer_is_reported_even_if_the_client_repeats(
    kind: str,
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        tally = await used(kind, server.sockets[0].getsockname()[1], lambda tally: tally.unanswered)
    assert bool(tally.repeated) == (kind in REPEATING)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_that_the_server_closes_while_idle_is_counted(kind: str) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            for _ in range(2):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tally = await used(kind, port, lambda tally: tally.closed_idle and tally.kept, pause_s=0.2)
    assert tally.kept > 0
    assert tally.closed_idle > 0


def test_only_repeated_requests_that_are_not_idempotent_are_failures() -> None:
    tally = Tally(known_codes())
    tally.sent_again("GET", "/v1/auth/me")
    assert tally.problems == []
    tally.sent_again("POST", "/v1/auth/logout")
    assert len(tally.problems) == 1
    assert len(tally.repeated) == 2


def test_each_call_has_statuses_of_its_own() -> None:
    calls = Calls(random.Random(1), "token", deque(["session"] * 100), 0.0)
    drawn = {call.name: call.expected for call in (calls.draw() for _ in range(200))}
    assert drawn["GET /v1/auth/me"] == {200, 503}
    assert drawn["POST /v1/auth/logout"] == {204, 503}
    assert drawn["POST /v1/auth/refresh"] == {401, 503}
    assert drawn["POST /v1/conversions"] == {415, 503}


def test_a_status_that_another_call_documents_is_wrong() -> None:
    tally = Tally(known_codes())
    call = Call("GET", "/v1/auth/me", {}, "", 0.0)
    tally.answered(call, Answer(401, "invalid_token", None))
    assert len(tally.wrong) == 1


def test_requests_that_chromium_repeats_are_read_from_its_log() -> None:
    types = {"URL_REQUEST_START_JOB": 2, "HTTP_TRANSACTION_RESTART_AFTER_ERROR": 7}
    begun = {"method": "POST", "url": "http://localhost:1/v1/auth/logout"}
    events = [
        {"params": begun, "phase": 1, "source": {"id": 5}, "time": "1", "type": 2},
        {"params": {"net_error": -101}, "phase": 0, "source": {"id": 5}, "time": "2", "type": 7},
    ]
    lines = ",\n".join(map(json.dumps, events))
    log = json.dumps({"constants": {"logEventTypes": types}})[:-1] + f',\n"events": [\n{lines}]}}\n'
    assert repetitions(log) == [("POST", "/v1/auth/logout")]


@pytest.mark.skipif(executable() is None, reason="needs Chromium or Chrome")
async def test_a_request_that_chromium_repeats_is_reported(tmp_path: Path) -> None:
    dropped = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dropped
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            dropped += 1
        writer.close()

    tally, over = Tally(known_codes()), asyncio.Event()
    calls = Calls(random.Random(1), "token", deque(), 0.1)
    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        using = asyncio.create_task(use_chromium(url, calls, tally, over, tmp_path / "profile", 1))
        await until(lambda: dropped > 3 or using.done(), what="requests without an answer")
        over.set()
        await using
    assert len(tally.repeated) > 0
    assert {each.split()[0] for each in tally.repeated} <= {"GET", "POST"}
