"""Cached public keys while auth_service does not respond, and the readiness probe."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from shared.errors import Unavailable
from shared.http.readiness import PROBE_TIMEOUT_S
from shared.identity.public_keys import FETCH_TIMEOUT_S, REFRESH_AFTER_S, STALE_AT_MOST_S, PublicKeys
from tests.support.wait import until

KEYS = b'{"keys":[{"kid":"k1"}]}'


class KeyServer:
    """A stub of auth_service that serves the keys; does not respond while `hangs` is set."""

    def __init__(self) -> None:
        self.hangs = False
        self.asked = 0
        self._forever = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if self.hangs:
            await self._forever.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(KEYS) + KEYS)
        writer.close()

    def end(self) -> None:
        self._forever.set()


@pytest.fixture
async def standing() -> AsyncIterator[tuple[KeyServer, str]]:
    stub = KeyServer()
    async with await asyncio.start_server(stub.answer, "127.0.0.1", 0) as server:
        yield stub, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        stub.end()


async def test_cached_keys_are_used_while_auth_service_hangs(standing: tuple[KeyServer, str]) -> None:
    stub, url = standing
    age = 0.0
    async with aiohttp.ClientSession() as http:
        keys = PublicKeys(http, url, lambda: time.monotonic() + age)
        await keys.check()
        stub.hangs, age = True, REFRESH_AFTER_S + 1
        assert FETCH_TIMEOUT_S < PROBE_TIMEOUT_S
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await keys.check()
            assert await keys.key("k1") == {"kid": "k1"}
        assert stub.asked == 2
        age = STALE_AT_MOST_S + 1
        with pytest.raises(Unavailable):
            await keys.check()


async def test_a_cancelled_fetch_counts_as_a_try(standing: tuple[KeyServer, str]) -> None:
    stub, url = standing
    age = 0.0
    async with aiohttp.ClientSession() as http:
        keys = PublicKeys(http, url, lambda: time.monotonic() + age)
        await keys.check()
        stub.hangs, age = True, REFRESH_AFTER_S + 1
        asking = asyncio.create_task(keys.check())
        await until(lambda: stub.asked == 2, what="auth_service is asked")
        asking.cancel()
        await asyncio.wait({asking})
        await keys.check()
        assert stub.asked == 2
