"""Routes of accounts and tokens: requests to auth_service, and responses to clients."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_relay_uploads import SHORT
from tests.support.wait import PATIENCE_S

ACCOUNT = {
    "id": "u1",
    "email": "a@example.com",
    "roles": ["user"],
    "email_verified": False,
    "created_at": "2026-11-20T10:00:00Z",
}
OWN = {**ACCOUNT, "pending_email": "b@example.com"}
TOKENS = {"access_token": "a", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r"}
WHO = {"email": "a@example.com", "password": "correct horse battery"}


def answer(rig: Rig, status: str, body: object) -> None:
    introspect = rig.auth.script

    async def script(seen: ReceivedRequest) -> None:
        if seen.target == "/internal/introspect":
            await introspect(seen)
            return
        await seen.read_body()
        encoded = b"" if body is None else msgspec.json.encode(body)
        seen.answer(status, encoded, **{"content-type": "application/json"})

    rig.auth.script = script


async def post(rig: Rig, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any], Any]:
    async with rig.http.post(rig.url + path, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers


async def test_an_account_is_registered(rig: Rig) -> None:
    answer(rig, "201 Created", ACCOUNT)
    status, body, headers = await post(rig, "/v1/auth/register", WHO)
    assert (status, body) == (201, ACCOUNT)
    assert headers["RateLimit-Policy"] == '"register";q=20;w=3600'
    seen = rig.auth.seen[0]
    assert (seen.target, msgspec.json.decode(bytes(seen.body))) == ("/v1/auth/register", WHO)


async def test_login_responses_are_not_cacheable(rig: Rig) -> None:
    answer(rig, "200 OK", TOKENS)
    status, body, headers = await post(rig, "/v1/auth/login", WHO)
    assert (status, body, headers["Cache-Control"]) == (200, TOKENS, "no-store")


async def test_refresh_is_forwarded(rig: Rig) -> None:
    answer(rig, "200 OK", TOKENS)
    assert (await post(rig, "/v1/auth/refresh", {"refresh_token": "r0"}))[:2] == (200, TOKENS)


async def test_logout_and_me_forward_the_callers_token(rig: Rig) -> None:
    answer(rig, "204 No Content", None)
    async with rig.http.post(f"{rig.url}/v1/auth/logout", headers=SIGNED_IN) as response:
        assert (response.status, await response.read()) == (204, b"")
    answer(rig, "200 OK", OWN)
    async with rig.http.get(f"{rig.url}/v1/auth/me", headers=SIGNED_IN) as response:
        assert (response.status, await response.json()) == (200, OWN)
    sessions = [
        seen.claims("auth_service")["sid"] for seen in rig.auth.seen if seen.target.startswith("/v1/")
    ]
    assert sessions == ["s1", "s1"]


async def test_the_jwks_is_public(rig: Rig) -> None:
    answer(rig, "200 OK", {"keys": [{"kty": "EC", "kid": "1"}]})
    async with rig.http.get(f"{rig.url}/.well-known/jwks.json") as response:
        assert await response.json() == {"keys": [{"kty": "EC", "kid": "1"}]}
        assert response.headers["Cache-Control"] == "public, max-age=60"


async def test_problems_of_the_service_are_forwarded(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(409, "email_taken")

    rig.auth.script = refuse
    status, body, headers = await post(rig, "/v1/auth/register", WHO)
    assert (status, body["code"]) == (409, "email_taken")
    assert headers["Content-Type"] == "application/problem+json"
    assert body["request_id"] == headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "a@example.com"}, "password"),
        ({**WHO, "roles": ["admin"]}, "roles"),
        ({**WHO, "email": 1}, "email"),
        ({**WHO, "password": "x" * 2000}, "password"),
    ],
)
async def test_an_invalid_body_is_refused_by_the_gateway(rig: Rig, body: object, field: str) -> None:
    status, problem, _ = await post(rig, "/v1/auth/register", body)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert problem["errors"][0]["field"] == field
    assert rig.auth.seen == []


@pytest.mark.parametrize(
    ("path", "method", "data", "expected"),
    [
        ("/v1/auth/login", "POST", b"{", (400, "invalid_request")),
        ("/v1/auth/login", "POST", b"", (400, "invalid_request")),
        ("/v1/auth/login", "POST", b'"\xff"', (400, "invalid_request")),
        ("/v1/auth/login", "POST", b"[" * 60_000, (400, "invalid_request")),
        ("/v1/auth/login", "POST", b'{"email":"' + b"a" * 100_000, (413, "too_large")),
        ("/v1/auth/login", "GET", None, (405, "method_not_allowed")),
        ("/v1/nowhere", "GET", None, (404, "not_found")),
        ("/v1/nowhere", "POST", b"x" * 100_000, (404, "not_found")),
        ("/nothing-here", "GET", None, (404, "not_found")),
    ],
)
async def test_the_frameworks_own_refusals_are_problems_too(
    rig: Rig, path: str, method: str, data: bytes | None, expected: tuple[int, str]
) -> None:
    headers = {"Content-Type": "application/json"}
    async with rig.http.request(method, rig.url + path, data=data, headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"], problem["status"]) == (*expected, expected[0])
        if expected[0] == 405:
            assert "POST" in response.headers["Allow"]


async def test_a_json_body_that_never_arrives_times_out() -> None:
    async with running(idle_timeout=SHORT) as rig, rig.connect() as (reader, writer):
        writer.write(b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 100\r\n\r\n{")
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)).split()[1] == b"408"


async def test_health_is_public_and_names_unavailable_services(rig: Rig) -> None:
    async with rig.http.get(f"{rig.url}/healthz") as response:
        assert response.status == 200
    async with rig.http.get(f"{rig.url}/readyz") as response:
        assert response.status == 200
        states = (await response.json())["checks"]
        assert set(states) == {
            "auth_service",
            "converter_service",
            "notification_service",
            "rabbitmq",
            "rate_limit_storage",
        }


async def test_the_gateway_is_not_ready_without_a_service() -> None:
    async with running() as rig:
        await rig.converter.stop()
        async with rig.http.get(f"{rig.url}/readyz") as response:
            assert response.status == 503
            assert (await response.json())["checks"]["converter_service"] == "down"
