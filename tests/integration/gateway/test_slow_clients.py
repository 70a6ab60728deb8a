"""Clients that send or read slowly, to hold what others need."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_relay_uploads import HEAD
from tests.support.wait import PATIENCE_S, until

REFRESH = b"POST /v1/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
SIGNED = "/v1/conversions/c1/audio?expires=4000000000&signature=x"
LIST = "/v1/conversions"
Socket = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# A speed is known after 0.1 s, and there is no floor within a test.
QUICKLY_KNOWN: dict[str, Any] = {"speed_window": timedelta(seconds=2), "min_speed": 0}


@asynccontextmanager
async def sockets(rig: Rig, count: int, request: bytes) -> AsyncIterator[Sequence[Socket]]:
    """Connections that send `request` and nothing after it."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(rig.connect()) for _ in range(count)]
        for _, writer in opened:
            writer.write(request)
            await writer.drain()
        yield opened


async def head_of(socket: Socket) -> bytes:
    return await asyncio.wait_for(socket[0].readuntil(b"\r\n\r\n"), PATIENCE_S)


def answered(opened: Sequence[Socket]) -> int:
    return sum(bool(reader._buffer) for reader, _ in opened)  # type: ignore[attr-defined]


async def status(
    rig: Rig, method: str, path: str, headers: dict[str, str] = SIGNED_IN, **more: object
) -> int:
    async with rig.http.request(method, rig.url + path, headers=headers, **more) as answer:  # type: ignore[arg-type]
        await answer.read()
        return answer.status


async def log_in(rig: Rig) -> None:
    """Fails unless the call reaches auth_service."""
    before = len(rig.auth.seen)
    await status(rig, "POST", "/v1/auth/login", json={"email": "a@example.org", "password": "x"})
    assert "/login" in "".join(seen.target for seen in rig.auth.seen[before:])


async def test_bodies_that_never_arrive_take_no_slot_from_other_calls() -> None:
    async with running() as rig, sockets(rig, 270, REFRESH + b"100\r\n\r\n"):
        for _ in range(3):
            assert await status(rig, "GET", LIST) == 202
            await log_in(rig)


async def test_bodies_that_never_arrive_are_refused_within_seconds_and_counted() -> None:
    async with running(rate_default="3/hour") as rig, sockets(rig, 5, REFRESH + b"100\r\n\r\n") as opened:
        heads = [await head_of(each) for each in opened]

        assert sorted(head[9:12] for head in heads) == [b"408", b"408", b"408", b"429", b"429"]
        assert all(b"\r\nratelimit: " in head.lower() for head in heads)
        assert not rig.auth.seen


async def test_above_the_share_of_an_address_its_oldest_unfinished_body_is_refused() -> None:
    bodies = REFRESH + b"100\r\n\r\n"
    async with running(max_calls_per_address=4) as rig, sockets(rig, 6, bodies) as opened:
        await until(lambda: answered(opened) >= 2)
        await log_in(rig)
        assert answered(opened) < len(opened)


async def test_a_short_body_that_arrives_in_two_pieces_is_accepted(rig: Rig) -> None:
    body = b'{"refresh_token": "x"}'
    async with sockets(rig, 1, REFRESH + f"{len(body)}\r\n\r\n".encode() + body[:5]) as [each]:
        each[1].write(body[5:])
        assert (await head_of(each))[9:12] != b"408"
        assert bytes(rig.auth.seen[0].body) == body.replace(b": ", b":")


async def test_one_address_holds_no_more_than_its_share_of_the_calls() -> None:
    inside, go_on = 0, asyncio.Event()

    async def held(seen: ReceivedRequest) -> None:
        nonlocal inside
        await seen.read_body()
        inside += 1
        await go_on.wait()
        seen.answer("200 OK", b"{}", **{"content-type": "application/json"})

    proxied: dict[str, Any] = {
        "trusted_proxies": ("127.0.0.0/8",),
        "max_calls": 4,
        "max_calls_per_address": 2,
    }
    async with running(**proxied) as rig:
        rig.converter.script = held
        one, other = ({**SIGNED_IN, "X-Forwarded-For": address} for address in ("1.1.1.1", "2.2.2.2"))
        first = [asyncio.create_task(status(rig, "GET", LIST, one)) for _ in range(2)]
        await until(lambda: inside == 2)
        assert await status(rig, "GET", LIST, one) == 429
        second = asyncio.create_task(status(rig, "GET", LIST, other))
        await until(lambda: inside == 3)
        go_on.set()
        assert [await task for task in (*first, second)] == [200] * 3
        assert await status(rig, "GET", LIST, one) == 200


@pytest.mark.parametrize("limits", [{"max_streams": 4}, {"max_streams": 8, "max_streams_per_address": 4}])
async def test_slow_uploads_give_way_to_uploads_downloads_and_mailed_links(limits: dict[str, Any]) -> None:
    """Also to those of the same address."""
    async with running(**limits, **QUICKLY_KNOWN) as rig:
        slow = f"{HEAD}Content-Length: 100000\r\n\r\nhello".encode()
        async with sockets(rig, limits["max_streams"], slow) as opened:
            await until(lambda: len(rig.converter.seen) >= 3)

            async def is_served(method: str, path: str, headers: dict[str, str], body: bytes | None) -> bool:
                return await status(rig, method, path, headers, data=body) == 202

            video = {**SIGNED_IN, "Content-Type": "video/mp4"}
            for request in (
                ("POST", LIST, video, bytes(300_000)),
                ("GET", "/v1/conversions/c1/audio", SIGNED_IN, None),
                ("GET", SIGNED, {}, None),
            ):
                await until(lambda request=request: is_served(*request), what=str(request[:2]))  # type: ignore[misc]
            cut = next(each for each in opened if answered([each]))
            head = await head_of(cut)
            assert head.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 429 "))
            assert b"\r\nretry-after: " in head.lower()


async def test_uploads_leave_slots_for_downloads() -> None:
    async with running(max_streams=8, reserved_streams=2, slow_speed=0) as rig:
        unfinished = f"{HEAD}Content-Length: 100000\r\n\r\nhello".encode()
        async with sockets(rig, 7, unfinished) as opened:
            assert b" 503 " in await head_of(await first_answered(opened))
            await until(lambda: len(rig.converter.seen) == 6)
            assert await status(rig, "GET", SIGNED, {}) == 202


async def test_a_fast_upload_does_not_give_way() -> None:
    head = f"{HEAD}Content-Length: 100005\r\n\r\n".encode()
    settings: dict[str, Any] = {"max_streams": 1, "slow_speed": 10, **QUICKLY_KNOWN}
    async with running(**settings) as rig, sockets(rig, 1, head) as [each]:
        for _ in range(10):
            each[1].write(bytes(10_000))
            await asyncio.sleep(0.03)
        await until(lambda: rig.converter.seen and rig.converter.seen[0].received == 100_000)
        assert await status(rig, "GET", SIGNED, {}) == 503
        each[1].write(b"hello")
        assert (await head_of(each)).startswith(b"HTTP/1.1 202 ")


async def test_an_upload_below_the_lowest_speed_is_cut_off_so_that_it_can_be_resumed() -> None:
    async with running(min_speed=100_000, speed_window=timedelta(seconds=1)) as rig, rig.connect() as each:
        each[1].write(f"{HEAD}Content-Length: 1000000\r\n\r\n".encode())
        answering = asyncio.create_task(head_of(each))
        while not answering.done():
            each[1].write(b"x")
            await asyncio.wait({answering}, timeout=0.1)

        head = (await answering).lower()
        assert head.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: " in head
        assert b"\r\nconnection: close" in head
        await until(lambda: rig.converter.seen[0].whole is False)
        assert rig.converter.seen[0].received > 0


async def test_a_download_whose_client_reads_nothing_more_gives_way_and_can_go_on() -> None:
    audio = bytes(30_000_000)

    async def send(seen: ReceivedRequest) -> None:
        await seen.read_body()
        begin = int((seen.header("range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        seen.answer(
            "206 Partial Content" if begin else "200 OK", audio[begin:], **{"content-type": "audio/mpeg"}
        )

    limits: dict[str, Any] = {"max_streams": 1, "speed_window": timedelta(seconds=1)}
    request = f"GET {SIGNED} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    async with running(**limits) as rig:
        rig.converter.script = send
        async with sockets(rig, 1, request) as [each]:
            assert (await head_of(each)).startswith(b"HTTP/1.1 200 ")
            await until(lambda: is_served(rig), what="the place is free again")
            read = 0
            with contextlib.suppress(ConnectionError):
                while piece := await asyncio.wait_for(each[0].read(65_536), PATIENCE_S):
                    read += len(piece)
            assert 0 < read < len(audio)
        async with rig.http.get(rig.url + SIGNED, headers={"Range": f"bytes={read}-"}) as rest:
            assert rest.status == 206
            assert read + len(await rest.read()) == len(audio)


async def is_served(rig: Rig) -> bool:
    async with rig.http.get(rig.url + SIGNED) as answer:
        await answer.read()
        return answer.status == 200


async def first_answered(opened: Sequence[Socket]) -> Socket:
    async def found() -> Socket | None:
        return next((each for each in opened if answered([each])), None)

    return await until(found)
