"""Audio through the gateway: ranges, HEAD, back-pressure, and breaks on either side."""

import asyncio
import gzip
import os

import aiohttp
import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import Script, Seen
from tests.integration.gateway.stable_count import settled
from tests.integration.gateway.test_relay_uploads import BEARER, MIB, SHORT
from tests.support.wait import PATIENCE_S, until

AUDIO = "/v1/conversions/c1/audio"
# The idle time, after which everything is given up, is a minute.
SOON_S = 40.0
GET = f"GET {AUDIO} HTTP/1.1\r\nHost: x\r\n{BEARER}\r\n".encode()


def answering(status: str, body: bytes = b"", **headers: str) -> Script:
    async def script(seen: Seen) -> None:
        seen.answer(status, body, **headers)

    return script


async def test_the_audio_arrives_unchanged_with_its_headers(rig: Rig) -> None:
    content = os.urandom(2 * MIB)
    rig.converter.script = answering(
        "200 OK",
        content,
        **{
            "content-type": "audio/mpeg",
            "etag": '"e1"',
            "accept-ranges": "bytes",
            "content-disposition": "attachment; filename*=UTF-8''a%20b.mp3",
            "set-cookie": "a=b",
            "server": "secret/1.0",
            "x-internal": "10.0.0.1",
            "connection": "keep-alive, etag",
        },
    )
    async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
        assert (answer.status, await answer.read()) == (200, content)
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.mp3"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert "Transfer-Encoding" not in answer.headers
        assert not {"Set-Cookie", "X-Internal", "ETag"} & set(answer.headers)
        assert "secret" not in answer.headers.get("Server", "")


async def test_a_chunked_answer_stays_chunked(rig: Rig) -> None:
    async def chunked(seen: Seen) -> None:
        seen.start("200 OK", **{"transfer-encoding": "chunked", "content-type": "audio/mpeg"})
        seen.writer.write(b"5\r\nhello\r\n0\r\n\r\n")

    rig.converter.script = chunked
    async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
        assert await answer.read() == b"hello"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers


async def test_an_encoded_response_is_forwarded_unchanged(rig: Rig) -> None:
    coded = gzip.compress(b"audio")
    rig.converter.script = answering("200 OK", coded, **{"content-encoding": "gzip"})
    async with rig.connect() as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"content-encoding: gzip\r\n")
        await reader.readuntil(coded)


async def test_a_part_of_the_audio_is_a_206_with_its_range(rig: Rig) -> None:
    rig.converter.script = answering("206 Partial Content", b"ell", **{"content-range": "bytes 1-3/5"})
    headers = {**SIGNED_IN, "Range": "bytes=1-3", "If-Range": '"e1"'}
    async with rig.http.get(rig.url + AUDIO, headers=headers) as answer:
        assert (answer.status, await answer.read()) == (206, b"ell")
        assert answer.headers["Content-Range"] == "bytes 1-3/5"
    seen = rig.converter.seen[0]
    assert (seen.header("range"), seen.header("if-range")) == ("bytes=1-3", '"e1"')


async def test_an_unsatisfiable_range_is_a_416_problem_that_names_the_size(rig: Rig) -> None:
    async def refuse(seen: Seen) -> None:
        seen.problem(416, "range_not_satisfiable", **{"content-range": "bytes */5"})

    rig.converter.script = refuse
    async with rig.http.get(rig.url + AUDIO, headers={**SIGNED_IN, "Range": "bytes=9-"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == "bytes */5"
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_an_unchanged_audio_is_a_304_without_a_body(rig: Rig) -> None:
    async def unchanged(seen: Seen) -> None:
        seen.start("304 Not Modified", etag='"e1"')

    rig.converter.script = unchanged
    headers = {**SIGNED_IN, "If-None-Match": '"e1"'}
    async with rig.http.get(rig.url + AUDIO, headers=headers) as answer:
        assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", '"e1"')
    assert rig.converter.seen[0].header("if-none-match") == '"e1"'


async def test_head_gives_the_length_without_the_audio(rig: Rig) -> None:
    async def head(seen: Seen) -> None:
        seen.start("200 OK", **{"content-length": "12345", "content-type": "audio/mpeg"})

    rig.converter.script = head
    async with rig.http.head(rig.url + AUDIO, headers=SIGNED_IN) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, "12345")
    assert rig.converter.seen[0].method == "HEAD"


async def test_head_of_an_unknown_audio_is_a_404_without_a_body(rig: Rig) -> None:
    async def missing(seen: Seen) -> None:
        seen.start("404 Not Found", **{"content-length": "99", "content-type": "application/problem+json"})

    rig.converter.script = missing
    async with rig.http.head(rig.url + AUDIO, headers=SIGNED_IN) as answer:
        assert answer.status == 404
    async with rig.http.get(rig.url + "/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_service_that_crashes_midway_leaves_an_incomplete_response(rig: Rig, framing: str) -> None:
    async def die(seen: Seen) -> None:
        if framing == "length":
            seen.start("200 OK", **{"content-length": "1000000"})
            seen.writer.write(bytes(1000))
        else:
            seen.start("200 OK", **{"transfer-encoding": "chunked"})
            seen.writer.write(b"3e8\r\n" + bytes(1000) + b"\r\n")
        await seen.writer.drain()
        seen.writer.close()

    rig.converter.script = die
    with pytest.raises(aiohttp.ClientPayloadError):
        async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
            await answer.read()


async def test_a_response_that_stalls_midway_is_aborted() -> None:
    async def stall(seen: Seen) -> None:
        seen.start("200 OK", **{"content-length": "1000000"})
        seen.writer.write(bytes(1000))
        await seen.gone()
        seen.whole = False

    async with running(idle_timeout=SHORT) as rig:
        rig.converter.script = stall
        with pytest.raises(aiohttp.ClientPayloadError):
            async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
                await answer.read()
        await until(lambda: rig.converter.seen[0].whole is False)


async def test_a_hanging_service_is_unavailable_within_seconds_for_each_call(rig: Rig) -> None:
    async def hang(seen: Seen) -> None:
        await seen.gone()

    async def asked(method: str, path: str) -> tuple[int, bool]:
        async with rig.http.request(method, rig.url + path, headers=SIGNED_IN) as answer:
            return answer.status, int(answer.headers["Retry-After"]) > 0

    rig.converter.script = hang
    calls = [asked("GET", AUDIO), asked("HEAD", AUDIO), asked("DELETE", "/v1/conversions/c1")]
    assert await asyncio.wait_for(asyncio.gather(*calls), SOON_S) == [(503, True)] * 3


async def test_a_client_that_disconnects_closes_the_services_connection(rig: Rig) -> None:
    rig.converter.script = endless
    async with rig.connect() as (reader, writer):
        writer.write(GET)
        await reader.readexactly(100_000)

    await until(lambda: rig.converter.seen[0].whole is False, what="the service sees that nobody reads")


async def test_a_client_that_disconnects_before_the_response_closes_the_services_connection(rig: Rig) -> None:
    async def silent(seen: Seen) -> None:
        seen.start("200 OK", **{"content-length": "1000000"})
        seen.writer.write(b"x")
        await seen.gone()
        seen.whole = False

    rig.converter.script = silent
    async with rig.connect() as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")

    await until(lambda: rig.converter.seen[0].whole is False)


async def test_a_client_that_does_not_read_applies_back_pressure_and_is_cut_off() -> None:
    async with running(idle_timeout=SHORT * 2) as rig:
        rig.converter.script = endless
        async with rig.connect() as (reader, writer):
            writer.write(GET)
            await reader.readexactly(1000)
            await until(settled(lambda: rig.converter.seen[0].received), what="the service is held back")
            assert rig.converter.seen[0].received < 24 * MIB
            await until(lambda: rig.converter.seen[0].whole is False, what="the client is given up")


async def endless(seen: Seen) -> None:
    """Sends until nobody takes it; `received` counts what was sent."""
    seen.start("200 OK", **{"content-length": str(1024 * MIB)})
    try:
        for _ in range(1024 * 16):
            seen.writer.write(bytes(65536))
            await seen.writer.drain()
            seen.received += 65536
    except ConnectionError:
        seen.whole = False


@pytest.mark.parametrize(
    ("answer_line", "body", "expected"),
    [
        ("500 Oops", b"Traceback: /srv/app.py at db.internal:5432", (503, "unavailable")),
        ("502 Bad", b"<html>nginx</html>", (503, "unavailable")),
        ("404 Not Found", b"not json", (404, "not_found")),
        ("302 Found", b"", (503, "unavailable")),
        ("418 Teapot", b"", (503, "unavailable")),
    ],
)
async def test_an_error_without_a_problem_becomes_one_without_details(
    rig: Rig, answer_line: str, body: bytes, expected: tuple[int, str]
) -> None:
    rig.converter.script = answering(answer_line, body, location="/internal/secrets")
    async with rig.http.get(rig.url + "/v1/conversions/c1", headers=SIGNED_IN) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"]) == expected
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "internal" not in str(problem)
        assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert len(rig.converter.seen) == 1


async def test_a_problem_of_the_service_is_forwarded_with_our_request_id(rig: Rig) -> None:
    async def refuse(seen: Seen) -> None:
        seen.problem(409, "not_ready")

    rig.converter.script = refuse
    async with rig.http.get(rig.url + AUDIO, headers={**SIGNED_IN, "X-Request-ID": "mine-1"}) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"], problem["request_id"]) == (409, "not_ready", "mine-1")
    assert rig.converter.seen[0].header("x-request-id") == "mine-1"


async def test_a_service_with_malformed_responses_is_unavailable(rig: Rig) -> None:
    async def babble(seen: Seen) -> None:
        seen.writer.write(b"\x00\x01 nonsense\r\n\r\n")

    rig.converter.script = babble
    async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")


async def test_a_service_without_a_response_is_unavailable_within_the_idle_timeout() -> None:
    async def never(seen: Seen) -> None:
        await asyncio.Event().wait()

    async with running(idle_timeout=SHORT) as rig:
        rig.converter.script = never
        async with rig.http.get(rig.url + AUDIO, headers=SIGNED_IN) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/v1/conversions/../internal/introspect",
        "/v1/conversions/%2e%2e/internal",
        "/v1/conversions/..%2finternal%2fintrospect",
        "/v1/conversions/c1;a=b",
        "/v1/conversions/c1%00",
        "/v1/conversions/c1%3fadmin=1",
        "/v1/conversions/c1%23x",
        "/v1/conversions/%252e%252e",
        "/v1/conversions/" + "a" * 200,
        "/v1/conversions/c1%0d%0aX: y/audio",
        "/internal/introspect",
        "//internal/introspect",
        "/v1//auth/../internal",
    ],
)
async def test_an_id_can_address_a_conversion_only(rig: Rig, path: str) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\n{BEARER}\r\n".encode())
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)).split()[1] in {b"404", b"400"}
    assert rig.converter.seen == []
    assert all(seen.target == "/internal/introspect" for seen in rig.auth.seen)


async def test_a_signed_link_needs_no_token(rig: Rig) -> None:
    rig.converter.script = answering("200 OK", b"audio")
    async with rig.http.get(f"{rig.url}{AUDIO}?expires=12&signature=a-_b&x=y") as answer:
        assert (answer.status, await answer.read()) == (200, b"audio")
        assert "RateLimit" in answer.headers
    seen = rig.converter.seen[0]
    assert seen.target == f"{AUDIO}?expires=12&signature=a-_b"
    assert "authorization" not in seen.names
    assert rig.auth.seen == []


@pytest.mark.parametrize("query", ["", "?expires=12", "?signature=a", "?expires=&signature=", "?token=t1"])
async def test_an_incomplete_signature_is_refused(rig: Rig, query: str) -> None:
    async with rig.http.get(f"{rig.url}{AUDIO}{query}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "unauthenticated")
    assert rig.converter.seen == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_signature_is_valid_for_the_audio_only(rig: Rig, method: str) -> None:
    async with rig.http.request(method, f"{rig.url}/v1/conversions/c1?expires=1&signature=a") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unexpected_body_is_not_forwarded(rig: Rig, method: str) -> None:
    rig.converter.script = answering("200 OK", b"{}")
    url = f"{rig.url}/v1/conversions/c1"
    async with rig.http.request(method, url, data=b"x" * 1000, headers=SIGNED_IN) as answer:
        assert answer.status in {200, 204}
    seen = rig.converter.seen[0]
    assert not {"transfer-encoding", "expect"} & seen.names
    assert seen.header("content-length") in {None, "0"}


async def test_a_download_does_not_wait_for_a_declared_body() -> None:
    async with running(idle_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        rig.converter.script = answering("200 OK", b"audio")
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 10\r\n\r\n"))
        everything = await asyncio.wait_for(reader.read(), PATIENCE_S)
    assert everything.startswith(b"HTTP/1.1 200 ")
    assert b"audio" in everything


async def test_a_conversion_is_removed(rig: Rig) -> None:
    async def removed(seen: Seen) -> None:
        seen.start("204 No Content")

    rig.converter.script = removed
    async with rig.http.delete(f"{rig.url}/v1/conversions/c1", headers=SIGNED_IN) as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    assert (rig.converter.seen[0].method, rig.converter.seen[0].target) == ("DELETE", "/v1/conversions/c1")


async def test_only_known_list_parameters_are_forwarded(rig: Rig) -> None:
    rig.converter.script = answering(
        "200 OK", b'{"items":[],"next_cursor":null}', **{"content-type": "application/json"}
    )
    async with rig.http.get(
        f"{rig.url}/v1/conversions?limit=5&cursor=a%2Bb&_=1", headers=SIGNED_IN
    ) as answer:
        assert await answer.json() == {"items": [], "next_cursor": None}
    assert rig.converter.seen[0].target == "/v1/conversions?limit=5&cursor=a%2Bb"
