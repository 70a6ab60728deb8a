"""Two gateways behind one limit, counted in a real Redis."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.settings import Secret
from tests.integration.gateway.rig import Rig, free_port, running
from tests.support.wait import until

REDIS = shutil.which("redis-server") or shutil.which("valkey-server")

pytestmark = pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server")


class Store:
    """A Redis of the test's own, which can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: Process | None = None
        self.port = free_port()

    @property
    def url(self) -> Secret:
        return Secret(f"redis://127.0.0.1:{self.port}")

    async def start(self) -> None:
        assert REDIS is not None
        options = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self._directory),
        ]
        self._process = await asyncio.create_subprocess_exec(REDIS, *options, stdout=DEVNULL)
        await until(self._listens, what="redis listens")

    async def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 10)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path)
    await store.start()
    yield store
    await store.stop()


async def sign_in(rig: Rig) -> int:
    async with rig.http.post(
        f"{rig.url}/v1/auth/login", json={"email": "a@example.com", "password": "x"}
    ) as answer:
        return answer.status


async def test_two_gateways_let_ten_a_minute_through_and_not_twenty(store: Store) -> None:
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"rate_login": "10/minute", "rate_storage_url": store.url}
        rigs = [await stack.enter_async_context(running(**settings)) for _ in range(2)]
        statuses = [await sign_in(rigs[n % 2]) for n in range(20)]
        assert statuses.count(429) == 10
        assert 429 not in statuses[:10]


async def test_a_limit_is_shared_again_when_its_store_is_back(store: Store) -> None:
    async with running(rate_login="3/minute", rate_storage_url=store.url) as rig:
        assert await sign_in(rig) != 429
        await store.stop()
        while_away = [await sign_in(rig) for _ in range(5)]
        assert while_away.count(429) == 2
        await store.start()

        async def counted_afresh() -> bool:
            return await sign_in(rig) != 429

        await until(counted_afresh, what="the shared count is used again")
