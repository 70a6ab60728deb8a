"""Ended sessions over a real RabbitMQ, with two gateways."""

import time
from contextlib import AsyncExitStack
from functools import partial

from shared.contracts.events import SessionRevoked
from shared.messaging.envelope import wrap
from shared.messaging.rabbitmq import RabbitMQ
from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.test_door import is_listening
from tests.support.wait import until

WITHIN_S = 1.0


async def test_an_ended_session_is_refused_by_every_gateway_within_a_second(amqp_url: str) -> None:
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(RabbitMQ(amqp_url, "auth_service", ()))
        rigs = [await stack.enter_async_context(running(RabbitMQ(amqp_url, "gateway", ()))) for _ in range(2)]
        for rig in rigs:
            await until(partial(is_listening, rig), what="the gateway listens")
            assert await listed(rig) == 202
            rig.auth.tokens.clear()
            assert await listed(rig) == 202

        await publisher.publish(wrap(SessionRevoked(session_id="s1", user_id="u1"), "auth_service", "s1"))
        published = time.monotonic()
        for rig in rigs:
            await until(partial(refused, rig), what="the session is refused")
        assert time.monotonic() - published < WITHIN_S


async def listed(rig: Rig) -> int:
    async with rig.http.get(f"{rig.url}/v1/conversions", headers=SIGNED_IN) as answer:
        return answer.status


async def refused(rig: Rig) -> bool:
    return await listed(rig) == 401
