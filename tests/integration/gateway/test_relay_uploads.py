"""Uploads through the gateway: complete, broken, refused early, stalled, and with ambiguous lengths."""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.stable_count import is_stable
from tests.support.wait import PATIENCE_S, until

BEARER = f"Authorization: Bearer {TOKEN}\r\n"
HEAD = f"POST /v1/conversions HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Type: video/mp4\r\n"
MIB = 1024 * 1024
SHORT = timedelta(seconds=1)


async def upload(
    rig: Rig, data: object, **headers: str
) -> tuple[int, dict[str, object], aiohttp.ClientResponse]:
    async with rig.http.post(
        f"{rig.url}/v1/conversions", data=data, headers={**SIGNED_IN, "Content-Type": "video/mp4", **headers}
    ) as answer:
        return answer.status, await answer.json(content_type=None), answer


async def pieces(count: int, size: int = 65536) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield os.urandom(size)


async def send_slowly_until_answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Sends a body byte by byte until the response begins; returns the response's head."""
    answering = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    for _ in range(1200):
        writer.write(b"x")
        done, _ = await asyncio.wait({answering}, timeout=0.05)
        if done:
            break
    return await asyncio.wait_for(answering, PATIENCE_S)


async def test_a_body_of_known_length_arrives_unchanged_with_its_length(rig: Rig) -> None:
    content = os.urandom(3 * MIB + 17)

    status, body, answer = await upload(rig, io.BytesIO(content))

    seen = rig.converter.seen[0]
    assert (status, body, answer.headers["Location"]) == (202, {"id": "c1"}, "/v1/conversions/c1")
    assert (bytes(seen.body), seen.whole) == (content, True)
    assert seen.header("content-length") == str(len(content))
    assert "transfer-encoding" not in seen.names
    assert seen.claims("converter_service")["sub"] == "u1"
    assert seen.header("content-type") == "video/mp4"
    assert seen.header("x-request-id") == answer.headers["X-Request-ID"]


async def test_a_chunked_body_arrives_complete_and_chunked(rig: Rig) -> None:
    status, _, _ = await upload(rig, pieces(40))

    seen = rig.converter.seen[0]
    assert (status, seen.received, seen.whole) == (202, 40 * 65536, True)
    assert "content-length" not in seen.names


async def test_an_empty_body_is_forwarded_as_empty(rig: Rig) -> None:
    status, _, _ = await upload(rig, b"")

    assert status == 202
    assert (rig.converter.seen[0].received, rig.converter.seen[0].header("content-length")) == (0, "0")


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
async def test_a_client_that_disconnects_leaves_an_incomplete_body(rig: Rig, framing: str) -> None:
    async with rig.connect() as (_, writer):
        part = b"5\r\nhello\r\n" if "chunked" in framing else b"hello"
        writer.write(f"{HEAD}{framing}\r\n\r\n".encode() + part)
        await until(lambda: rig.converter.seen and rig.converter.seen[0].received == 5)

    await until(lambda: rig.converter.seen[0].whole is False, what="the converter sees the break")


async def test_a_connection_reset_leaves_an_incomplete_body(rig: Rig) -> None:
    async with rig.connect() as (_, writer):
        writer.write(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".encode())
        await until(lambda: rig.converter.seen and rig.converter.seen[0].received == 5)
        writer.transport.abort()

    await until(lambda: rig.converter.seen[0].whole is False)


async def test_an_upload_that_stalls_gets_a_response_and_ends() -> None:
    async with running(idle_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        writer.write(f"{HEAD}Content-Length: 1000\r\n\r\nhello".encode())

        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        [length] = re.findall(rb"content-length: (\d+)", head.lower())
        body = await asyncio.wait_for(reader.readexactly(int(length)), PATIENCE_S)

        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"\r\nconnection: close\r\n" in head.lower()
        assert b'"code":"request_timeout"' in body
        await until(lambda: rig.converter.seen[0].whole is False)


async def test_a_slowly_sent_upload_is_cut_off_at_the_upload_timeout() -> None:
    async with running(upload_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        writer.write(f"{HEAD}Content-Length: 1000\r\n\r\n".encode())
        assert (await send_slowly_until_answered(reader, writer)).startswith(b"HTTP/1.1 408 ")
        await until(lambda: rig.converter.seen[0].whole is False)


async def test_a_service_that_does_not_read_applies_back_pressure(rig: Rig) -> None:
    released = asyncio.Event()

    async def stalled(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await released.wait()
        seen.headers = [field for field in seen.headers if field[0] != "expect"]
        await seen.read_body(keep=False)
        seen.answer("202 Accepted", b"{}")

    rig.converter.script = stalled
    sent = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64 * 16):
            yield bytes(65536)
            sent += 65536

    uploading = asyncio.create_task(upload(rig, counted()))
    await until(is_stable(lambda: sent), what="the client is held back")
    held_at = sent
    released.set()
    status, _, _ = await uploading

    assert held_at < 24 * MIB
    assert (status, rig.converter.seen[0].received) == (202, 64 * MIB)


async def test_an_upload_to_a_service_that_never_reads_is_aborted() -> None:
    async def stalled(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.Event().wait()

    async with running(idle_timeout=SHORT) as rig:
        rig.converter.script = stalled
        status, body, answer = await upload(rig, pieces(64 * 16))
        assert (status, body["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers


@pytest.mark.parametrize("refused_at", ["header", "body"])
@pytest.mark.parametrize(
    ("status", "code"), [(413, "too_large"), (403, "forbidden"), (415, "unsupported_media_type")]
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_an_early_refusal_reaches_a_client_that_is_still_sending(
    rig: Rig, refused_at: str, status: int, code: str, chunked: bool
) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        if refused_at == "body":
            seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await seen.reader.read(100_000)
        seen.problem(status, code)
        await seen.writer.drain()
        await seen.wait_closed()
        seen.whole = False

    rig.converter.script = refuse
    data = pieces(16 * 16) if chunked else io.BytesIO(bytes(16 * MIB))

    answered, body, _ = await asyncio.wait_for(upload(rig, data), PATIENCE_S)

    assert (answered, body["code"]) == (status, code)
    await until(lambda: rig.converter.seen[0].whole is False, what="the gateway let go of the service")


async def test_a_refusal_reaches_the_client_although_the_service_disconnects(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await seen.reader.read(10_000)
        seen.problem(413, "too_large", connection="close")
        await seen.writer.drain()
        await asyncio.wait({asyncio.create_task(seen.wait_closed())}, timeout=0.2)
        seen.whole = False

    rig.converter.script = refuse
    for _ in range(5):
        status, body, _ = await upload(rig, pieces(16 * 64))
        assert (status, body["code"]) == (413, "too_large")
        assert rig.converter.seen[-1].whole is False


async def test_no_more_bytes_are_sent_after_a_refusal_has_begun(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await seen.reader.readexactly(100_000)
        problem = msgspec.json.encode({"status": 413, "code": "too_large"})
        length = {"content-type": "application/problem+json", "content-length": str(len(problem))}
        seen.start("413 X", **length)
        reading = asyncio.create_task(count(seen))
        await until(is_stable(lambda: seen.received), what="the gateway stops sending")
        seen.writer.write(problem)
        await reading

    async def count(seen: ReceivedRequest) -> None:
        while chunk := await seen.reader.read(65536):
            seen.received += len(chunk)

    rig.converter.script = refuse
    status, body, _ = await asyncio.wait_for(upload(rig, pieces(16 * 64)), PATIENCE_S)
    assert (status, body["code"]) == (413, "too_large")
    assert rig.converter.seen[0].received < 16 * MIB


async def test_an_upload_without_100_continue_is_aborted() -> None:
    async def silent(seen: ReceivedRequest) -> None:
        await seen.wait_closed()
        seen.whole = False

    async with running(idle_timeout=SHORT) as rig:
        rig.converter.script = silent
        status, body, _ = await asyncio.wait_for(upload(rig, pieces(16)), PATIENCE_S)
        assert (status, body["code"]) == (503, "unavailable")
        await until(lambda: rig.converter.seen[0].whole is False)


async def test_an_upload_without_a_final_response_is_aborted() -> None:
    async def silent(seen: ReceivedRequest) -> None:
        await seen.read_body()
        await seen.wait_closed()

    async with running(idle_timeout=SHORT) as rig:
        rig.converter.script = silent
        status, body, _ = await asyncio.wait_for(upload(rig, pieces(16)), PATIENCE_S)
        assert (status, body["code"]) == (503, "unavailable")


async def test_a_client_that_sends_everything_before_it_reads_sees_the_refusal(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.problem(413, "too_large")
        await seen.wait_closed()

    rig.converter.script = refuse
    async with rig.connect() as (reader, writer):
        writer.write(f"{HEAD}Content-Length: {32 * MIB}\r\n\r\n".encode())
        for _ in range(32):
            writer.write(bytes(MIB))
            await writer.drain()
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_waits_for_100_continue_does_not_send_a_refused_body(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.problem(413, "too_large")
        await seen.wait_closed()

    rig.converter.script = refuse
    async with rig.connect() as (reader, writer):
        writer.write(f"{HEAD}Content-Length: {32 * MIB}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)).startswith(b"HTTP/1.1 413 ")


async def test_a_service_that_crashes_during_an_upload_is_unavailable(rig: Rig) -> None:
    async def die(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await seen.reader.read(10_000)
        seen.writer.transport.abort()

    rig.converter.script = die
    status, body, answer = await upload(rig, pieces(64))
    assert (status, body["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")


async def test_a_service_that_is_down_is_unavailable_at_once(rig: Rig) -> None:
    await rig.converter.stop()
    status, body, answer = await upload(rig, pieces(64))
    assert (status, body["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in str(body)


async def test_conflicting_lengths_cannot_smuggle_a_second_request(rig: Rig) -> None:
    inner = b"GET /internal/introspect HTTP/1.1\r\nHost: x\r\n\r\n"
    async with rig.connect() as (reader, writer):
        framing = f"Content-Length: {5 + len(inner)}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(f"{HEAD}{framing}".encode() + b"0\r\n\r\n" + inner)
        everything = await asyncio.wait_for(reader.read(), PATIENCE_S)

    assert everything.count(b"HTTP/1.1 ") == 1
    assert [seen.target for seen in rig.converter.seen] in ([], ["/v1/conversions"])
    for seen in rig.converter.seen:
        assert not {"content-length", "transfer-encoding"} <= seen.names
        assert seen.received == 0


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
    ],
)
async def test_ambiguous_framing_never_reaches_the_service(rig: Rig, framing: str) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(f"{HEAD}{framing}\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.read(12), PATIENCE_S)).startswith(b"HTTP/1.1 400")
    assert rig.converter.seen == []


async def test_hop_by_hop_headers_are_not_forwarded(rig: Rig) -> None:
    await upload(
        rig,
        b"x",
        **{
            "Connection": "keep-alive, idempotency-key",
            "Keep-Alive": "timeout=5",
            "Proxy-Authorization": "Basic eA==",
            "TE": "trailers",
            "Upgrade": "h2c",
            "X-User": "admin",
            "Cookie": "a=b",
            "X-Forwarded-For": "1.2.3.4",
            "Idempotency-Key": "k1",
        },
    )
    names = rig.converter.seen[0].names
    assert names <= {
        "host",
        "accept",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "x-request-id",
    }
    assert rig.converter.seen[0].header("connection") == "close"


async def test_an_idempotency_key_is_forwarded(rig: Rig) -> None:
    await upload(rig, b"x", **{"Idempotency-Key": "k1"})
    assert rig.converter.seen[0].header("idempotency-key") == "k1"


async def test_options_are_forwarded_unchanged(rig: Rig) -> None:
    asked = {"filename": "a b&c=d/../é\x00.mp4", "format": "mp3", "title": "ÄÖ; x"}
    async with rig.http.post(
        f"{rig.url}/v1/conversions",
        params=asked,
        data=b"x",
        headers={**SIGNED_IN, "Content-Type": "video/mp4"},
    ) as answer:
        assert answer.status == 202
    target = rig.converter.seen[0].target
    assert target == (
        "/v1/conversions?filename=a%20b%26c%3Dd%2F..%2F%C3%A9%00.mp4&format=mp3&title=%C3%84%C3%96%3B%20x"
    )


@pytest.mark.parametrize("query", ["bitrat=128k", "format=mp3&format=wav"])
async def test_options_that_are_unknown_or_given_twice_are_refused(rig: Rig, query: str) -> None:
    async with rig.http.post(f"{rig.url}/v1/conversions?{query}", data=b"x", headers=SIGNED_IN) as answer:
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, "invalid_request")
        assert body["errors"][0]["field"] in query
    assert rig.converter.seen == []


async def test_a_client_that_waits_for_100_continue_gets_nothing_but_its_refusal(rig: Rig) -> None:
    async with rig.connect() as (reader, writer):
        head = HEAD.replace(BEARER, "")
        writer.write(f"{head}Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n".encode())
        everything = await asyncio.wait_for(reader.read(), PATIENCE_S)
    assert everything.startswith(b"HTTP/1.1 401 ")
    assert everything.count(b"HTTP/1.1 ") == 1
