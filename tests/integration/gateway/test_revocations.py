"""Ended sessions are refused by their own gateway at once, and by all others on receipt of the event."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from shared.contracts.events import SessionRevoked
from shared.contracts.sessions import REVOKED_SESSION
from shared.messaging.envelope import wrap
from shared.messaging.rabbitmq.broker import RabbitMQ
from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_authentication import is_listening
from tests.support.wait import until

HOUR = timedelta(hours=1)


async def test_an_ended_session_is_refused_by_every_gateway_that_receives_the_event(amqp_url: str) -> None:
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(RabbitMQ(amqp_url, "auth_service", ()))
        brokers = [RabbitMQ(amqp_url, "gateway", ()) for _ in range(2)]
        rigs = [await stack.enter_async_context(running(broker, token_cache_ttl=HOUR)) for broker in brokers]
        for rig in rigs:
            await until(partial(is_listening, rig), what="the gateway listens")
            assert await listed(rig) == 202
            rig.auth.tokens.clear()
            assert await listed(rig) == 202

        await publisher.publish(wrap(SessionRevoked(session_id="s1", user_id="u1"), "auth_service", "s1"))
        for rig in rigs:
            await until(partial(refused, rig), what="the session is refused")


async def test_after_logout_this_gateway_does_not_wait_for_the_event() -> None:
    async with running(token_cache_ttl=HOUR) as rig:
        assert await listed(rig) == 202
        end_session(rig, 204)
        async with rig.http.post(f"{rig.url}/v1/auth/logout", headers=SIGNED_IN) as answer:
            assert answer.status == 204
        assert await listed(rig) == 401


async def test_an_introspection_pending_during_logout_is_discarded() -> None:
    async with running(token_cache_ttl=HOUR) as rig:
        rig.auth.sign_in("t2")
        assert await listed(rig) == 202
        late = asyncio.Event()
        introspect = rig.auth.script

        async def slowly(seen: ReceivedRequest) -> None:
            rig.auth.hold = late
            await introspect(seen)

        rig.auth.script = slowly
        waiting = asyncio.create_task(listed(rig, "t2"))
        await until(lambda: rig.auth.introspected("t2"), what="the question is under way")
        rig.auth.hold, rig.auth.script = None, introspect
        end_session(rig, 204)
        async with rig.http.post(f"{rig.url}/v1/auth/logout", headers=SIGNED_IN) as answer:
            assert answer.status == 204
        late.set()
        assert await waiting == 401
        assert await listed(rig, "t2") == 401


async def test_reuse_of_a_refresh_token_ends_the_session_at_this_gateway_at_once() -> None:
    async with running(token_cache_ttl=HOUR) as rig:
        assert await listed(rig) == 202
        end_session(rig, 401)
        async with rig.http.post(f"{rig.url}/v1/auth/refresh", json={"refresh_token": "spent"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
            assert "s1" not in str(answer.headers)
            assert REVOKED_SESSION not in answer.headers
        assert await listed(rig) == 401


async def test_a_refused_refresh_token_that_ended_no_session_has_no_effect() -> None:
    async with running(token_cache_ttl=HOUR) as rig:
        assert await listed(rig) == 202
        end_session(rig, 401, session_headers={})
        async with rig.http.post(f"{rig.url}/v1/auth/refresh", json={"refresh_token": "made up"}) as answer:
            assert answer.status == 401
        assert await listed(rig) == 202


def end_session(rig: Rig, status: int, session_headers: dict[str, str] | None = None) -> None:
    """Makes auth_service answer that all tokens are inactive, and all other calls with `status`."""
    introspect = rig.auth.script
    rig.auth.tokens.clear()
    headers = {REVOKED_SESSION: "s1"} if session_headers is None else session_headers

    async def script(seen: ReceivedRequest) -> None:
        if seen.target == "/internal/introspect":
            await introspect(seen)
            return
        await seen.read_body()
        if status == 204:
            seen.answer("204 No Content")
            return
        challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
        seen.problem(status, "unauthenticated", **challenge, **headers)

    rig.auth.script = script


async def listed(rig: Rig, token: str = TOKEN) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with rig.http.get(f"{rig.url}/v1/conversions", headers=headers) as answer:
        return answer.status


async def refused(rig: Rig) -> bool:
    return await listed(rig) == 401
