"""A gateway behind Caddy, with the configuration of the profile `tls` of compose.yaml."""

import asyncio
import io
import os
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devstack.home import Home
from devstack.ports import free_port
from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_events import Streams, began
from tests.support.caddy import Caddy
from tests.support.sse import event_stream
from tests.support.wait import PATIENCE_S, until

MIB = 1024 * 1024
VIDEO = {**SIGNED_IN, "Content-Type": "video/mp4"}
LOOPBACK = "127.0.0.1/32"


@dataclass
class Proxied:
    """A gateway and its proxy; `http` trusts the proxy's authority."""

    rig: Rig
    caddy: Caddy
    http: aiohttp.ClientSession

    @asynccontextmanager
    async def client_at(self, address: str) -> AsyncIterator[aiohttp.ClientSession]:
        """A client whose connections come from another loopback address."""
        connector = aiohttp.TCPConnector(ssl=self.caddy.trust(), local_addr=(address, 0))
        async with aiohttp.ClientSession(connector=connector) as http:
            yield http


@asynccontextmanager
async def proxied(folder: Path, **changes: Any) -> AsyncIterator[Proxied]:
    # The proxy needs the gateway's port, and the gateway the proxy's URL.
    port = free_port()
    caddy = Caddy(Home.at(folder / "caddy"), f"127.0.0.1:{port}")
    settings = {"public_url": caddy.url, "trusted_proxies": (LOOPBACK,), "port": port, **changes}
    try:
        async with running(**settings) as rig:
            await asyncio.to_thread(caddy.start)
            connector = aiohttp.TCPConnector(ssl=caddy.trust())
            async with aiohttp.ClientSession(connector=connector) as http:
                yield Proxied(rig, caddy, http)
    finally:
        await asyncio.to_thread(caddy.stop)


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Proxied]:
    async with proxied(tmp_path) as made:
        yield made


async def test_pages_are_redirected_to_https_and_api_calls_are_refused(behind: Proxied) -> None:
    plain = behind.caddy.plain_url
    async with behind.http.get(f"{plain}/verify-email?x=1", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, f"{behind.caddy.url}/verify-email?x=1")
    async with behind.http.post(f"{plain}/v1/auth/login", json={}, allow_redirects=False) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["code"]) == (403, "forbidden")
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert not behind.rig.auth.seen


async def test_responses_have_hsts_and_the_cookie_is_secure(behind: Proxied) -> None:
    started = b'{"location": "https://issuer.example/", "browser": "' + b"b" * 43 + b'", "expires_in": 600}'

    async def start(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.answer("200 OK", started, **{"content-type": "application/json"})

    behind.rig.auth.script = start
    url = f"{behind.caddy.url}/v1/auth/oauth/corp/start"
    async with behind.http.get(url, allow_redirects=False) as answer:
        assert answer.status == 302
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "; Secure" in cookie


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_tls_1_1_is_refused_and_1_2_is_not(behind: Proxied) -> None:
    def connecting(version: ssl.TLSVersion) -> Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        context = behind.caddy.trust()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        return asyncio.open_connection("localhost", behind.caddy.port, ssl=context)

    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        await connecting(ssl.TLSVersion.TLSv1_1)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        _, writer = await connecting(version)
        writer.close()


async def test_rate_limits_count_each_client_whatever_it_says_of_itself(tmp_path: Path) -> None:
    async with proxied(tmp_path, rate_login="2/hour") as behind:
        url, credentials = f"{behind.caddy.url}/v1/auth/login", {"email": "a@example.com", "password": "x"}

        async def login(http: aiohttp.ClientSession, **headers: str) -> int:
            async with http.post(url, json=credentials, headers=headers) as answer:
                await answer.read()
                return answer.status

        async with behind.client_at("127.0.0.2") as first, behind.client_at("127.0.0.3") as second:
            assert [await login(first) for _ in range(3)][2] == 429
            forged = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.2"}
            assert await login(first, **forged) == 429
            assert await login(second) != 429


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_upload_is_passed_on_as_it_arrives(behind: Proxied, chunked: bool) -> None:
    arrived = asyncio.Event()
    pieces = [os.urandom(256 * 1024) for _ in range(8)]

    async def body() -> AsyncIterator[bytes]:
        """Sends the second half once the first one has arrived behind the gateway."""
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2:
                await asyncio.wait_for(arrived.wait(), PATIENCE_S)
            yield piece

    async def receive(seen: ReceivedRequest) -> None:
        reading = asyncio.create_task(seen.read_body())
        await until(lambda: seen.received >= MIB, what="half of the body arrives")
        arrived.set()
        await reading
        seen.answer("202 Accepted", b'{"id":"c1"}', **{"content-type": "application/json"})

    behind.rig.converter.script = receive
    length = {} if chunked else {"Content-Length": str(sum(map(len, pieces)))}
    url = f"{behind.caddy.url}/v1/conversions"
    async with behind.http.post(url, data=body(), headers={**VIDEO, **length}) as answer:
        assert answer.status == 202
    [seen] = behind.rig.converter.seen
    assert bytes(seen.body) == b"".join(pieces)


async def test_a_refused_upload_gets_its_answer(behind: Proxied) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        seen.problem(413, "too_large", connection="close")
        seen.whole = False

    behind.rig.converter.script = refuse
    url = f"{behind.caddy.url}/v1/conversions"
    async with behind.http.post(url, data=io.BytesIO(bytes(4 * MIB)), headers=VIDEO) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "too_large")


async def test_a_download_is_passed_on_as_it_arrives_and_keeps_its_fields(behind: Proxied) -> None:
    go_on = asyncio.Event()

    async def send(seen: ReceivedRequest) -> None:
        fields = {"content-length": str(2 * MIB), "content-range": f"bytes 5-{2 * MIB + 4}/{3 * MIB}"}
        seen.start("206 Partial Content", etag='"e"', **{"content-type": "audio/mpeg", **fields})
        seen.writer.write(bytes(MIB))
        await go_on.wait()
        seen.writer.write(bytes(MIB))

    behind.rig.converter.script = send
    url = f"{behind.caddy.url}/v1/conversions/c1/audio"
    async with behind.http.get(url, headers={**SIGNED_IN, "Range": "bytes=5-"}) as answer:
        first = await asyncio.wait_for(answer.content.readexactly(MIB), PATIENCE_S)
        go_on.set()
        rest = await answer.content.read()
    assert (answer.status, len(first) + len(rest)) == (206, 2 * MIB)
    assert answer.headers["Content-Range"] == f"bytes 5-{2 * MIB + 4}/{3 * MIB}"
    assert (answer.headers["ETag"], answer.headers["Content-Length"]) == ('"e"', str(2 * MIB))
    assert behind.rig.converter.seen[0].header("range") == "bytes=5-"


async def test_events_arrive_at_once_and_a_client_that_leaves_ends_its_stream(behind: Proxied) -> None:
    streams = Streams(behind.rig)
    url = f"{behind.caddy.url}/v1/conversions/c1/events"
    async with event_stream(behind.http, url, SIGNED_IN) as stream:
        await began(stream)
        streams.go_on.set()
        assert [event.name for event in await stream.rest()] == ["completed"]
    streams.go_on.clear()
    async with event_stream(behind.http, url, SIGNED_IN) as stream:
        await began(stream)
    await asyncio.wait_for(streams.left.wait(), PATIENCE_S)


async def test_without_the_gateway_clients_get_a_problem_and_the_log_names_no_token(
    behind: Proxied,
) -> None:
    behind.rig.stop.set()

    async def refused() -> dict[str, Any] | None:
        url = f"{behind.caddy.url}/v1/conversions/c1/audio?token=SECRET1"
        headers = {"Authorization": "Bearer SECRET2", "X-Key": "SECRET3"}
        async with behind.http.get(url, headers=headers) as answer:
            problem: dict[str, Any] = await answer.json(content_type="application/problem+json")
            assert answer.status == 503
            assert answer.headers["Retry-After"]
            return problem if problem["detail"] == "The service cannot be reached." else None

    problem = await until(refused, what="the proxy answers itself")
    assert (problem["status"], problem["code"]) == (503, "unavailable")
    assert problem["request_id"]
    assert "SECRET" not in behind.caddy.log
