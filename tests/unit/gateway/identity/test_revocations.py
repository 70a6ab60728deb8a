"""Effects of SessionRevoked events, and of missed ones, on cached tokens."""

import asyncio
from datetime import timedelta

from gateway.identity.revocations import revocations
from gateway.identity.token_cache import TokenCache
from shared.contracts.events import SessionRevoked
from shared.messaging.envelope import wrap
from tests.support.messaging import MemoryBroker
from tests.support.wait import until
from tests.unit.gateway.identity.test_token_cache import AuthService, principal


async def test_the_cache_is_cleared_after_each_reconnect() -> None:
    auth = AuthService()
    auth.known["t"] = principal("s1")
    tokens = TokenCache(auth.introspect, timedelta(seconds=60), wall=lambda: 0.0)
    async with MemoryBroker(()) as broker:
        for _ in range(2):
            await tokens.look_up("t")
            listener = revocations(broker, tokens)
            running = asyncio.create_task(listener.run())
            await listener.ready()
            assert tokens.cached("t") is None
            await listener.stop(timedelta(seconds=1))
            await running


async def test_tokens_of_an_ended_session_are_dropped() -> None:
    auth = AuthService()
    auth.known = {"t": principal("s1"), "u": principal("s2")}
    tokens = TokenCache(auth.introspect, timedelta(seconds=60), wall=lambda: 0.0)
    async with MemoryBroker(()) as broker:
        listener = revocations(broker, tokens)
        running = asyncio.create_task(listener.run())
        await listener.ready()
        await tokens.look_up("t")
        await tokens.look_up("u")
        await broker.publish(wrap(SessionRevoked(session_id="s1", user_id="u1"), "auth_service", "s1"))
        await until(lambda: tokens.cached("t") is None)
        assert tokens.cached("u") is not None
        await listener.stop(timedelta(seconds=1))
        await running
