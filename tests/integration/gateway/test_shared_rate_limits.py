"""Two gateways behind one limit, counted in a real Redis."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from devstack.servers.redis import Redis
from shared.settings import Secret
from tests.integration.gateway.rig import Rig, running
from tests.support.wait import until


async def sign_in(rig: Rig) -> int:
    async with rig.http.post(
        f"{rig.url}/v1/auth/login", json={"email": "a@example.com", "password": "x"}
    ) as answer:
        return answer.status


async def test_two_gateways_share_a_limit_of_ten_per_minute(redis: Redis) -> None:
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"rate_login": "10/hour", "rate_storage_url": Secret(redis.url)}
        rigs = [await stack.enter_async_context(running(**settings)) for _ in range(2)]
        statuses = [await sign_in(rigs[n % 2]) for n in range(20)]
        assert statuses.count(429) == 10
        assert 429 not in statuses[:10]


async def test_a_limit_is_shared_again_after_an_outage_of_the_store(redis: Redis) -> None:
    async with running(rate_login="3/hour", rate_storage_url=Secret(redis.url)) as rig:
        assert await sign_in(rig) != 429
        await asyncio.to_thread(redis.stop)
        while_away = [await sign_in(rig) for _ in range(5)]
        assert while_away.count(429) == 2
        await asyncio.to_thread(redis.start)

        async def counted_afresh() -> bool:
            return await sign_in(rig) != 429

        await until(counted_afresh, what="the shared count is used again")
