"""Small calls over kept connections: none gets another's answer, none waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from gateway.core.calls import Calls
from gateway.core.exchange import LARGEST_ANSWER_BYTES, Gone, Unreadable
from tests.support.wait import until

WITHIN = timedelta(seconds=20)
MOMENT = timedelta(seconds=0.2)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANGS_UP, SAYS_NOTHING = b"hang up", b"nothing"


class Service:
    """Gives its `answers` in turn, whatever it is asked, and remembers that."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = iter(answers)
        self.asked: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                answer = next(self._answers)
                if answer == HANGS_UP:
                    break
                if answer != SAYS_NOTHING:
                    writer.write(answer)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def service(*answers: bytes) -> AsyncIterator[tuple[Service, Calls]]:
    behind = Service(answers)
    server = await asyncio.start_server(behind.talk, "127.0.0.1", 0)
    calls = Calls(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", at_once=4)
    try:
        yield behind, calls
    finally:
        calls.close()
        for writer in behind.writers:
            writer.close()
        server.close()


async def test_connections_are_kept() -> None:
    async with service(OK, OK) as (behind, calls):
        for _ in range(2):
            answer = await calls.call("GET", "/x", WITHIN, query={"a": "b c"}, headers={"Accept": "*/*"})
            assert (answer.status, answer.headers["content-length"], answer.body) == (200, "2", b"ok")
        assert len(behind.writers) == 1
        assert behind.asked[0].startswith(b"GET /x?a=b+c HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_what_changes_nothing_is_asked_again_when_a_kept_connection_turns_out_closed() -> None:
    async with service(OK, HANGS_UP, OK) as (behind, calls):
        await calls.call("GET", "/", WITHIN)
        assert (await calls.call("GET", "/", WITHIN, changes_nothing=True)).body == b"ok"
        assert len(behind.writers) == 2


async def test_what_may_change_something_is_asked_once() -> None:
    async with service(OK, HANGS_UP, OK) as (behind, calls):
        await calls.call("GET", "/", WITHIN)
        with pytest.raises(Gone):
            await calls.call("POST", "/", WITHIN)
        assert len(behind.asked) == 2


async def test_a_new_connection_that_is_closed_is_not_tried_for_ever() -> None:
    async with service(HANGS_UP, HANGS_UP, OK) as (behind, calls):
        with pytest.raises(Gone):
            await calls.call("GET", "/", WITHIN, changes_nothing=True)
        assert len(behind.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 80_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (LARGEST_ANSWER_BYTES + 1),
    ],
    ids=["short", "two lengths", "length and coding", "interim", "not HTTP", "large header", "large body"],
)
async def test_what_is_not_one_whole_answer_is_none_and_ends_the_connection(answer: bytes) -> None:
    async with service(answer, OK) as (behind, calls):
        asking = asyncio.create_task(calls.call("GET", "/", WITHIN))
        if answer.endswith(b"ab"):
            await until(lambda: bool(behind.asked), what="the question has come")
            behind.writers[0].close()
        with pytest.raises(Unreadable):
            await asking
        assert (await calls.call("GET", "/", WITHIN)).body == b"ok"
        assert len(behind.writers) == 2


async def test_nobody_gets_the_answer_to_somebody_elses_question() -> None:
    async with service(OK + OK.replace(b"ok", b"no"), OK) as (behind, calls):
        for _ in range(2):
            assert (await calls.call("GET", "/", WITHIN)).body == b"ok"
        assert len(behind.writers) == 2


async def test_what_comes_unasked_ends_the_connection() -> None:
    async with service(OK, OK) as (behind, calls):
        await calls.call("GET", "/", WITHIN)
        behind.writers[0].write(OK.replace(b"ok", b"no"))
        await until(behind.writers[0].transport.is_closing, what="the connection is closed")
        assert (await calls.call("GET", "/", WITHIN)).body == b"ok"
        assert len(behind.writers) == 2


async def test_who_gives_up_takes_the_connection_along() -> None:
    async with service(SAYS_NOTHING, OK) as (behind, calls):
        with pytest.raises(TimeoutError):
            await calls.call("GET", "/", MOMENT)
        assert (await calls.call("GET", "/", WITHIN)).body == b"ok"
        assert len(behind.writers) == 2


async def test_a_service_that_closes_after_its_answer_is_believed() -> None:
    closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    async with service(closing, chunked) as (behind, calls):
        for _ in range(2):
            assert (await calls.call("GET", "/", WITHIN)).body == b"ok"
        assert len(behind.writers) == 2


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b"])
async def test_no_value_begins_a_line_of_its_own(value: str) -> None:
    async with service(OK) as (behind, calls):
        with pytest.raises(ValueError, match="does not fit"):
            await calls.call("GET", "/", WITHIN, headers={"User-Agent": value})
        with pytest.raises(ValueError, match="does not fit"):
            await calls.call("GET", f"/{value}", WITHIN)
        assert behind.asked == []


async def test_no_more_connections_than_allowed_are_open() -> None:
    async with service(*[SAYS_NOTHING] * 4) as (behind, calls):
        asking = [asyncio.create_task(calls.call("GET", "/", MOMENT)) for _ in range(6)]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(answer, TimeoutError) for answer in answers)
        assert len(behind.writers) == 4
