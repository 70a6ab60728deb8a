"""Routes of the caller's own account: forwarded requests, responses, and dropped cache entries."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_accounts import OWN, answer, post
from tests.support.wait import until

SESSIONS = {
    "items": [
        {
            "id": "s1",
            "created_at": "2026-11-20T10:00:00Z",
            "last_used_at": "2026-11-20T10:00:00Z",
            "expires_at": "2026-11-27T10:00:00Z",
            "user_agent": None,
            "address": "192.0.2.1",
            "current": True,
        }
    ]
}
KEY = {
    "id": "k1",
    "name": "nightly",
    "hint": "tng_abc",
    "scopes": ["conversions:read"],
    "created_at": "2026-11-20T10:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}
IDENTITY = {
    "id": "i1",
    "provider": None,
    "issuer": "https://login.example.org",
    "created_at": "2026-11-20T10:00:00Z",
    "last_used_at": "2026-11-20T10:00:00Z",
}
EVENT = {
    "id": "7",
    "at": "2026-11-20T10:00:00Z",
    "event": "login",
    "result": "succeeded",
    "session_id": "s1",
    "address": "192.0.2.1",
    "user_agent": None,
    "details": {"method": "password"},
}
MADE = {**KEY, "key": "tng_abcdef"}
NEW = "another password altogether"
EMAIL = {"email": "b@example.com"}
CHANGE = {**EMAIL, "current_password": "old"}
SECRET = "s3cret-of-a-mail"

# method, path, request body, response body of auth_service, its status, whether a token is required
CALLS = [
    ("PATCH", "/v1/auth/me", CHANGE, OWN, 200, True),
    ("DELETE", "/v1/auth/me", {"password": "old"}, None, 204, True),
    ("POST", "/v1/auth/password/change", {"current_password": "old", "password": NEW}, None, 204, True),
    ("POST", "/v1/auth/password/forgot", EMAIL, None, 202, False),
    ("POST", "/v1/auth/password/reset", {"token": SECRET, "password": NEW}, None, 204, False),
    ("POST", "/v1/auth/email/verify", {"token": SECRET}, None, 204, False),
    ("POST", "/v1/auth/email/resend", EMAIL, None, 202, False),
    ("POST", "/v1/auth/email/resend", None, None, 202, True),
    ("GET", "/v1/auth/sessions", None, SESSIONS, 200, True),
    ("DELETE", "/v1/auth/sessions/s2", None, None, 204, True),
    ("POST", "/v1/auth/api-keys", {"name": "nightly", "scopes": ["conversions:read"]}, MADE, 201, True),
    ("GET", "/v1/auth/api-keys", None, {"items": [KEY]}, 200, True),
    ("DELETE", "/v1/auth/api-keys/k1", None, None, 204, True),
    ("POST", "/v1/auth/proof", {"password": "old"}, None, 204, True),
    ("GET", "/v1/auth/activity?limit=20", None, {"items": [EVENT], "next_cursor": None}, 200, True),
    ("DELETE", "/v1/auth/sessions/s2", {"current_password": "old"}, None, 204, True),
    ("DELETE", "/v1/auth/identities/i1", {"current_password": "old"}, None, 204, True),
    (
        "POST",
        "/v1/auth/api-keys",
        {"name": "nightly", "scopes": ["conversions:read"], "current_password": "old"},
        MADE,
        201,
        True,
    ),
    ("GET", "/v1/auth/identities", None, {"items": [IDENTITY]}, 200, True),
    ("DELETE", "/v1/auth/identities/i1", None, None, 204, True),
]
LIKE_A_SIGN_IN = {"/v1/auth/me", "/v1/auth/proof", "/v1/auth/password/change", "/v1/auth/password/forgot"} | {
    f"/v1/auth/{action}" for action in ("password/reset", "email/verify", "email/resend")
}


@pytest.mark.parametrize(("method", "path", "body", "said", "status", "closed"), CALLS)
async def test_a_call_is_forwarded_and_answered(
    rig: Rig, method: str, path: str, body: object, said: object, status: int, closed: bool
) -> None:
    answer(rig, f"{status} X", said)
    headers = SIGNED_IN if closed else {}
    async with rig.http.request(method, rig.url + path, json=body, headers=headers) as response:
        content = await response.read()
        assert response.status == status, content
        assert content == b"" if said is None else msgspec.json.decode(content) == said
        assert response.headers["Cache-Control"] == "no-store"
        policy = response.headers["RateLimit-Policy"].partition(";")[0]
        assert policy == ('"login"' if path in LIKE_A_SIGN_IN else '"default"')
    seen = rig.auth.seen[-1]
    assert (seen.method, seen.target) == (method, path)
    assert (msgspec.json.decode(bytes(seen.body)) if seen.body else None) == body
    assert (seen.claims("auth_service")["sid"] if "authorization" in seen.names else None) == (
        "s1" if closed else None
    )


@pytest.mark.parametrize(
    ("method", "path"), sorted({(call[0], call[1]) for call in CALLS if call[5] and "resend" not in call[1]})
)
async def test_without_a_token_no_service_is_called(rig: Rig, method: str, path: str) -> None:
    async with rig.http.request(method, rig.url + path, json={}) as response:
        assert response.status == 401
    assert rig.auth.seen == []


async def test_a_resend_request_with_an_invalid_token_is_refused(rig: Rig) -> None:
    status, problem, _ = await post(rig, "/v1/auth/email/resend", EMAIL, Authorization="Bearer nobody")
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert {seen.target for seen in rig.auth.seen} == {"/internal/introspect"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "/v1/auth/me", {**CHANGE, "roles": ["admin"]}, "roles"),
        ("DELETE", "/v1/auth/me", {}, "password"),
        ("POST", "/v1/auth/api-keys", {"name": "x", "scopes": ["accounts:write"]}, "scopes"),
        ("POST", "/v1/auth/api-keys", {"name": "x\n"}, "name"),
        ("POST", "/v1/auth/api-keys", {"name": "x", "expires_at": "2026-11-20T10:00:00"}, "expires_at"),
        ("POST", "/v1/auth/password/reset", {"token": 1, "password": NEW}, "token"),
    ],
)
async def test_an_invalid_body_is_refused_by_the_gateway(
    rig: Rig, method: str, path: str, body: object, field: str
) -> None:
    async with rig.http.request(method, rig.url + path, json=body, headers=SIGNED_IN) as response:
        problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"]) == (400, "invalid_request")
        assert problem["errors"][0]["field"].partition("[")[0] == field
    assert {seen.target for seen in rig.auth.seen} <= {"/internal/introspect"}


@pytest.mark.parametrize(
    "path", ["sessions/..%2f..%2fx", "sessions/a%3fb", "api-keys/%2e%2e", "api-keys/a%23"]
)
async def test_an_id_cannot_change_the_path(rig: Rig, path: str) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(
            f"DELETE /v1/auth/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n")).split()[1] in {b"404", b"405"}
    assert {seen.target for seen in rig.auth.seen} <= {"/internal/introspect"}


async def test_auth_service_receives_the_clients_address_and_user_agent() -> None:
    async with running(trusted_proxies=("127.0.0.0/8",)) as rig:
        answer(rig, "202 Accepted", None)
        await raw_forgot(
            rig,
            "X-Forwarded-For: 2001:db8::7",
            "User-Agent: Fire\xe9fox\t/1 " + "x" * 500,
            "X-Request-ID: trace-9",
            "Tonegate-Client-Address: 6.6.6.6",
            "Tonegate-Gateway-Authorization: Basic Zm9yZ2Vk",
        )
        [seen] = rig.auth.seen
    sent = [(name, value) for name, value in seen.headers if name.startswith("tonegate-")]
    assert sorted(sent) == [
        ("tonegate-client-address", "2001:db8::7"),
        ("tonegate-gateway-authorization", "Basic Z2F0ZXdheTppbnRyb3NwZWN0aW9uLXNlY3JldA=="),
    ]
    agent = seen.header("user-agent") or ""
    assert agent.startswith("Fire fox /1 xxx")
    assert len(agent) <= 256
    assert seen.header("x-request-id") == "trace-9"
    assert seen.header("authorization") is None


async def test_no_user_agent_is_forwarded_without_one(rig: Rig) -> None:
    answer(rig, "202 Accepted", None)
    await raw_forgot(rig)
    assert rig.auth.seen[0].header("user-agent") is None
    assert rig.auth.seen[0].header("tonegate-client-address") == "127.0.0.1"


async def test_concurrent_clients_are_not_confused() -> None:
    async with running(trusted_proxies=("127.0.0.0/8",), rate_login="1000/minute") as rig:
        rig.auth.hold = asyncio.Event()
        numbers = range(20)
        tokens = [rig.auth.sign_in(f"t{number}", sub=f"u{number}", sid=f"s{number}") for number in numbers]
        calls = [
            asyncio.create_task(
                post(
                    rig,
                    "/v1/auth/email/resend",
                    {"email": f"{number}@example.com"},
                    **{
                        "Authorization": f"Bearer {tokens[number]}",
                        "User-Agent": f"agent-{number}",
                        "X-Forwarded-For": f"192.0.2.{number + 1}",
                    },
                )
            )
            for number in numbers
        ]
        await until(lambda: len(rig.auth.seen) == len(numbers), what="all are being asked about at once")
        rig.auth.hold.set()
        assert {(await call)[0] for call in calls} == {202}
        resent = [seen for seen in rig.auth.seen if seen.target.endswith("/resend")]
        assert len(resent) == len(numbers)
        for seen in resent:
            number = int(msgspec.json.decode(bytes(seen.body))["email"].partition("@")[0])
            assert seen.header("user-agent") == f"agent-{number}"
            assert seen.header("tonegate-client-address") == f"192.0.2.{number + 1}"
            assert seen.claims("auth_service")["sub"] == f"u{number}"


async def test_internal_headers_are_not_forwarded_to_the_converter(rig: Rig) -> None:
    headers = {**SIGNED_IN, "Tonegate-Client-Address": "6.6.6.6", "Tonegate-Anything": "x"}
    async with rig.http.get(f"{rig.url}/v1/conversions", headers=headers) as response:
        assert response.status == 202
    assert not [name for name in rig.converter.seen[0].names if name.startswith("tonegate")]


async def test_a_wrong_gateway_secret_is_a_server_error(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(401, "unauthenticated", **{"www-authenticate": 'Basic realm="introspection"'})

    rig.auth.script = refuse
    status, problem, headers = await post(rig, "/v1/auth/password/forgot", EMAIL)
    assert (status, problem["code"]) == (503, "unavailable")
    assert "WWW-Authenticate" not in headers


async def test_a_refusal_of_the_gateways_token_is_no_refusal_of_the_clients(rig: Rig) -> None:
    """The clock of either process may be wrong; a client would discard its tokens because of a 401."""

    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(401, "unauthenticated", **{"tonegate-refused": "gateway"})

    async with rig.http.get(f"{rig.url}/v1/conversions", headers=SIGNED_IN) as response:
        assert response.status == 202
    rig.auth.script = refuse
    status, problem, headers = await post(rig, "/v1/auth/logout", None, **SIGNED_IN)
    assert (status, problem["code"]) == (503, "unavailable")
    assert int(headers["Retry-After"]) > 0
    assert "Tonegate-Refused" not in headers


async def test_password_reset_requests_get_the_same_response_for_any_address(rig: Rig) -> None:
    for address in ("ann@example.org", "no address", "", "x" * 254):
        status, _, _ = await post(rig, "/v1/auth/password/forgot", {"email": address})
        assert status == 202


# A proof is known to auth_service alone, and a new key changes no token.
UNCHANGING = {"/v1/auth/api-keys", "/v1/auth/proof"}
CHANGING = [call for call in CALLS if call[0] != "GET" and call[5] and call[1] not in UNCHANGING]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [call[:3] for call in CHANGING if "resend" not in call[1]] + [("POST", "/v1/auth/logout", None)],
)
@pytest.mark.parametrize("fails", [False, True])
async def test_cached_tokens_of_an_account_are_dropped_after_a_change(
    rig: Rig, method: str, path: str, body: object, fails: bool
) -> None:
    rig.auth.sign_in("elsewhere", sid="s2")
    rig.auth.sign_in("stranger", sub="u2", sid="s3")
    for token in (TOKEN, "elsewhere", "stranger"):
        assert await listed(rig, token) == 202
    said = OWN if method == "PATCH" else None
    answer(rig, "503 X" if fails else "204 X" if said is None else "200 X", said)
    async with rig.http.request(method, rig.url + path, json=body, headers=SIGNED_IN) as response:
        assert response.status in ({503} if fails else {200, 204})
    rig.auth.tokens.clear()
    assert [await listed(rig, token) for token in (TOKEN, "elsewhere", "stranger")] == [401, 401, 202]


async def listed(rig: Rig, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with rig.http.get(f"{rig.url}/v1/conversions", headers=headers) as response:
        return response.status


async def raw_forgot(rig: Rig, *fields: str) -> None:
    body = msgspec.json.encode(EMAIL)
    lines: list[Any] = [
        "POST /v1/auth/password/forgot HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *fields,
    ]
    async with rig.connect() as (reader, writer):
        writer.write("".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body)
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"202"
