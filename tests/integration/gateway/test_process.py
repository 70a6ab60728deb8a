"""`python -m gateway` as a separate process: memory use, graceful stop, invalid settings, metrics port."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from devstack.ports import free_port
from tests.integration.gateway.rig import SIGNED_IN, TOKEN
from tests.integration.gateway.services import AuthServiceStub, ReceivedRequest, ServiceStub
from tests.integration.gateway.stable_count import is_stable
from tests.integration.gateway.test_relay_uploads import MIB, pieces
from tests.support.gateway_tokens import gateway_key
from tests.support.wait import PATIENCE_S, until

BAD_SETTINGS = 78


def environment(port: int, auth: AuthServiceStub, converter: ServiceStub, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(free_port()),
        "GATEWAY_AUTH_URL": auth.url,
        "GATEWAY_CONVERTER_URL": converter.url,
        "GATEWAY_NOTIFICATION_URL": converter.url,
        "AUTH_INTROSPECTION_SECRET": "introspection-secret",
        "GATEWAY_TOKEN_KEY": gateway_key().pem.reveal(),
        "AMQP_URL": f"amqp://127.0.0.1:{free_port()}",
        **changes,
    }


@asynccontextmanager
async def gateway(settings: dict[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", env=settings, stdout=PIPE, stderr=PIPE
    )
    reading = asyncio.gather(drained(process.stdout), drained(process.stderr))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        await reading


async def drained(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    return await stream.read()


def resident_mib(process: Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def healthy(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/healthz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_memory_stays_flat_during_many_uploads_to_a_slow_service() -> None:
    released = asyncio.Event()

    async def read_slowly(seen: ReceivedRequest) -> None:
        seen.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await released.wait()
        seen.headers = [field for field in seen.headers if field[0] != "expect"]
        await seen.read_body(keep=False)
        seen.answer("202 Accepted", b"{}")

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with (
        AuthServiceStub() as auth,
        ServiceStub(read_slowly) as converter,
        aiohttp.ClientSession() as http,
    ):
        auth.sign_in(TOKEN)
        async with gateway(environment(port, auth, converter)) as process:
            await until(lambda: healthy(http, url))
            sent = 0

            async def counted() -> AsyncIterator[bytes]:
                nonlocal sent
                async for piece in pieces(64 * 16):
                    yield piece
                    sent += len(piece)

            async def upload() -> int:
                headers = {**SIGNED_IN, "Content-Type": "video/mp4"}
                async with http.post(f"{url}/v1/conversions", data=counted(), headers=headers) as answer:
                    return answer.status

            idle = resident_mib(process)
            uploading = [asyncio.create_task(upload()) for _ in range(8)]
            await until(is_stable(lambda: sent), what="the clients are held back")
            held = resident_mib(process)
            released.set()
            assert await asyncio.gather(*uploading) == [202] * 8
            assert sent == 8 * 64 * MIB
            assert held - idle < 48
            assert resident_mib(process) - idle < 48


async def test_it_stops_in_time_and_finishes_a_running_upload() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AuthServiceStub() as auth, ServiceStub() as converter, aiohttp.ClientSession() as http:
        auth.sign_in(TOKEN)
        more = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"first"
            await more.wait()
            yield b"last"

        async with gateway(environment(port, auth, converter)) as process:
            await until(lambda: healthy(http, url))
            headers = {**SIGNED_IN, "Content-Type": "video/mp4"}
            posting = asyncio.create_task(
                http.post(f"{url}/v1/conversions", data=slow(), headers=headers).__aenter__()
            )
            await until(lambda: converter.seen and converter.seen[0].received == 5)
            process.terminate()
            more.set()
            answer = await asyncio.wait_for(posting, PATIENCE_S)
            assert answer.status == 202
            answer.close()
            assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        assert bytes(converter.seen[0].body) == b"firstlast"


async def test_all_invalid_settings_are_reported_and_nothing_starts() -> None:
    async with AuthServiceStub() as auth, ServiceStub() as converter:
        settings = environment(
            free_port(), auth, converter, GATEWAY_RATE_LIMIT_LOGIN="often", GATEWAY_TRUSTED_PROXIES="x"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", env=settings, stderr=PIPE
        )
        _, complaint = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == BAD_SETTINGS
    assert b"GATEWAY_RATE_LIMIT_LOGIN" in complaint
    assert b"GATEWAY_TRUSTED_PROXIES" in complaint


async def test_metrics_have_a_separate_port() -> None:
    port = free_port()
    async with AuthServiceStub() as auth, ServiceStub() as converter, aiohttp.ClientSession() as http:
        settings = environment(port, auth, converter)
        async with gateway(settings):
            await until(lambda: healthy(http, f"http://127.0.0.1:{port}"))
            async with http.get(f"http://127.0.0.1:{settings['GATEWAY_METRICS_PORT']}/metrics") as answer:
                assert "http_requests_total" in await answer.text()
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                assert answer.status == 404
