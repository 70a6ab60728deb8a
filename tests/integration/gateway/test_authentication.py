"""Who comes in: tokens, what is remembered of them, and how it is forgotten."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.events import SessionRevoked
from shared.messaging.envelope import wrap
from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig, running
from tests.integration.gateway.services import Seen
from tests.integration.gateway.test_relay_uploads import BEARER
from tests.support.wait import until

LIST = "/v1/conversions"
# The idle time, after which everything is given up, is a minute.
SOON_S = 40.0


async def get(rig: Rig, path: str = LIST, **headers: str) -> tuple[int, dict[str, Any], Any]:
    async with rig.http.get(rig.url + path, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dDE=",
        "bearer a b",
        "Bearer tést",
        "Bearer " + "a" * 5000,
        "Token t1",
        "t1",
    ],
)
async def test_other_credentials_are_refused_without_introspection(rig: Rig, authorization: str) -> None:
    status, problem, headers = await get(rig, Authorization=authorization)
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert rig.auth.seen == []


async def test_a_request_without_a_token_gets_a_challenge_without_an_error(rig: Rig) -> None:
    status, problem, headers = await get(rig)
    assert (status, problem["code"], headers["WWW-Authenticate"]) == (401, "unauthenticated", "Bearer")


async def test_two_tokens_are_refused(rig: Rig) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(f"GET {LIST} HTTP/1.1\r\nHost: x\r\n{BEARER}{BEARER}\r\n".encode())
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"401"


async def test_a_token_in_the_query_is_ignored(rig: Rig) -> None:
    assert (await get(rig, f"{LIST}?access_token={TOKEN}"))[0] == 401


async def test_the_scheme_is_case_insensitive(rig: Rig) -> None:
    assert (await get(rig, Authorization=f"bEARER {TOKEN}"))[0] == 202


async def test_an_unknown_token_is_refused_after_one_introspection(rig: Rig) -> None:
    for _ in range(3):
        status, problem, headers = await get(rig, Authorization="Bearer nobody")
        assert (status, problem["code"]) == (401, "unauthenticated")
        assert headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert rig.auth.introspected("nobody") == 1


async def test_a_token_is_introspected_once_with_the_gateways_credentials(rig: Rig) -> None:
    for _ in range(3):
        assert (await get(rig, **SIGNED_IN))[0] == 202
    assert rig.auth.introspected(TOKEN) == 1
    seen = rig.auth.seen[0]
    assert seen.header("authorization") == "Basic Z2F0ZXdheTppbnRyb3NwZWN0aW9uLXNlY3JldA=="
    assert seen.header("content-type") == "application/x-www-form-urlencoded"


async def test_concurrent_requests_share_one_introspection(rig: Rig) -> None:
    rig.auth.hold = asyncio.Event()
    asking = [asyncio.create_task(get(rig, **SIGNED_IN)) for _ in range(20)]
    await until(lambda: rig.auth.introspected(TOKEN))
    rig.auth.hold.set()
    assert {(await task)[0] for task in asking} == {202}
    assert rig.auth.introspected(TOKEN) == 1


async def test_a_revoked_session_is_refused_although_its_token_is_cached() -> None:
    async with running(token_cache_ttl=timedelta(hours=1)) as rig:
        assert (await get(rig, **SIGNED_IN))[0] == 202
        rig.auth.tokens.clear()
        await revoke(rig)

        async def refused() -> bool:
            return (await get(rig, **SIGNED_IN))[0] == 401

        await until(refused, what="the session is refused")


async def test_a_revocation_overrides_a_pending_introspection(rig: Rig) -> None:
    await until(lambda: is_listening(rig))
    rig.auth.hold = asyncio.Event()
    asking = asyncio.create_task(get(rig, **SIGNED_IN))
    await until(lambda: rig.auth.introspected(TOKEN))
    await revoke(rig)
    rig.auth.tokens.clear()
    rig.auth.hold.set()
    assert (await asking)[0] == 401
    assert (await get(rig, **SIGNED_IN))[0] == 401


async def test_other_sessions_stay_valid(rig: Rig) -> None:
    rig.auth.sign_in("t2", sid="s2")
    assert (await get(rig, Authorization="Bearer t2"))[0] == 202
    rig.auth.tokens.clear()
    await revoke(rig)
    assert (await get(rig, Authorization="Bearer t2"))[0] == 202


async def test_while_auth_service_is_down_only_cached_tokens_are_accepted(rig: Rig) -> None:
    assert (await get(rig, **SIGNED_IN))[0] == 202
    await rig.auth.stop()

    assert (await get(rig, **SIGNED_IN))[0] == 202
    status, problem, headers = await get(rig, Authorization="Bearer other")
    assert (status, problem["code"]) == (503, "unavailable")
    assert int(headers["Retry-After"]) > 0


async def test_a_hanging_auth_service_is_unavailable_within_seconds(rig: Rig) -> None:
    rig.auth.hold = asyncio.Event()
    async with asyncio.timeout(SOON_S):
        assert (await get(rig, **SIGNED_IN))[0] == 503


async def test_a_connection_closed_by_auth_service_fails_no_request(rig: Rig) -> None:
    assert (await get(rig, **SIGNED_IN))[0] == 202
    answer = rig.auth.script
    hung_up: list[Seen] = []

    async def hang_up_once(seen: Seen) -> None:
        if hung_up:
            await answer(seen)
            return
        hung_up.append(seen)
        seen.writer.close()

    rig.auth.script = hang_up_once
    rig.auth.sign_in("t2", sub="u2", sid="s2")
    assert (await get(rig, Authorization="Bearer t2"))[0] == 202
    assert len(hung_up) == 1


async def test_refused_gateway_credentials_are_a_server_error(rig: Rig) -> None:
    async def refuse(seen: Seen) -> None:
        await seen.read_body()
        seen.problem(401, "unauthenticated", **{"www-authenticate": 'Basic realm="x"'})

    rig.auth.script = refuse
    status, problem, headers = await get(rig, **SIGNED_IN)
    assert (status, problem["code"]) == (503, "unavailable")
    assert "WWW-Authenticate" not in headers


@pytest.mark.parametrize("said", [b"{", b"[]", b'{"active": true}', b'{"active": "yes"}'])
async def test_a_malformed_introspection_response_grants_no_access(rig: Rig, said: bytes) -> None:
    async def babble(seen: Seen) -> None:
        await seen.read_body()
        seen.answer("200 OK", said, **{"content-type": "application/json"})

    rig.auth.script = babble
    assert (await get(rig, **SIGNED_IN))[0] == 503
    assert rig.converter.seen == []


async def test_auth_service_is_used_again_after_an_outage() -> None:
    async with running() as rig:
        port = rig.auth.port
        await rig.auth.stop()
        assert (await get(rig, **SIGNED_IN))[0] == 503
        await rig.auth.start(port)
        assert (await get(rig, **SIGNED_IN))[0] == 202


async def revoke(rig: Rig, session: str = "s1") -> None:
    await until(lambda: is_listening(rig), what="the gateway listens")
    event = SessionRevoked(session_id=session, user_id="u1")
    await rig.broker.publish(wrap(event, "auth_service", session))
    for _ in range(50):  # turns of the event loop, in which a broker of this process delivers
        await asyncio.sleep(0)


async def is_listening(rig: Rig) -> bool:
    async with rig.http.get(f"{rig.url}/readyz") as answer:
        return bool((await answer.json())["checks"]["rabbitmq"] == "ok")
