"""API keys as bearer tokens, limited to their scopes."""

import pytest

from tests.integration.gateway.rig import Rig
from tests.integration.gateway.services import ReceivedRequest

KEY = "tng_0123456789abcdefABCDEF_-key"
READ = "conversions:read"
WRITE = "conversions:write"
CONVERSIONS = [
    ("GET", "/v1/conversions", READ),
    ("GET", "/v1/conversions/c1", READ),
    ("GET", "/v1/conversions/c1/audio", READ),
    ("HEAD", "/v1/conversions/c1/audio", READ),
    ("POST", "/v1/conversions", WRITE),
    ("GET", "/v1/conversions/c1/events", READ),
    ("POST", "/v1/conversions/c1/cancel", WRITE),
    ("DELETE", "/v1/conversions/c1", WRITE),
    ("POST", "/v1/conversions/c1/link", f"{READ} {WRITE}"),
    ("DELETE", "/v1/conversions/c1/link", WRITE),
]
ACCOUNTS = [
    ("GET", "/v1/auth/me"),
    ("POST", "/v1/auth/logout"),
    ("GET", "/v1/auth/sessions"),
    ("POST", "/v1/auth/api-keys"),
    ("GET", "/v1/auth/identities"),
    ("DELETE", "/v1/auth/identities/i1"),
    ("POST", "/v1/auth/email/resend"),
    ("GET", "/v1/admin/users"),
]


@pytest.mark.parametrize(("method", "path", "needed"), CONVERSIONS)
@pytest.mark.parametrize("scope", [READ, WRITE, f"{READ} {WRITE}", "", "other:read"])
async def test_an_api_key_is_limited_to_its_scopes(
    rig: Rig, method: str, path: str, needed: str, scope: str
) -> None:
    rig.auth.sign_in(KEY, sid="k1", scope=scope)
    headers = {"Authorization": f"Bearer {KEY}"}
    if method == "HEAD":
        rig.converter.script = without_body
    async with rig.http.request(method, rig.url + path, headers=headers) as answer:
        if set(needed.split()) <= set(scope.split()):
            assert answer.status < 300
            claims = rig.converter.seen[0].claims("converter_service")
            assert (claims["sid"], set(claims["scope"].split())) == ("k1", set(scope.split()))
            return
        assert answer.status == 403
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
        if method != "HEAD":
            assert (await answer.json(content_type="application/problem+json"))["code"] == "forbidden"
    assert rig.converter.seen == []


@pytest.mark.parametrize(("method", "path"), ACCOUNTS)
async def test_no_api_key_may_manage_an_account(rig: Rig, method: str, path: str) -> None:
    rig.auth.sign_in(KEY, sid="k1", scope=f"{READ} {WRITE} None:read None:write", roles=["user", "admin"])
    async with rig.http.request(method, rig.url + path, headers={"Authorization": f"Bearer {KEY}"}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")
    assert {seen.target for seen in rig.auth.seen} == {"/internal/introspect"}


async def without_body(seen: ReceivedRequest) -> None:
    await seen.read_body()
    seen.answer("200 OK")


async def test_an_api_key_is_cached_like_a_token(rig: Rig) -> None:
    rig.auth.sign_in(KEY, sid="k1", scope=READ)
    for _ in range(3):
        async with rig.http.get(
            f"{rig.url}/v1/conversions", headers={"Authorization": f"Bearer {KEY}"}
        ) as answer:
            assert answer.status == 202
    assert rig.auth.introspected(KEY) == 1


SESSION = {"Authorization": "Bearer session"}
OPEN_WITHOUT_FACTOR = [
    ("GET", "/v1/auth/me"),
    ("GET", "/v1/auth/factors"),
    ("POST", "/v1/auth/factors/totp"),
    ("POST", "/v1/auth/factors/passkeys/options"),
    ("POST", "/v1/auth/proof/options"),
    ("POST", "/v1/auth/logout"),
]
CLOSED_WITHOUT_FACTOR = [("GET", "/v1/auth/sessions"), ("GET", "/v1/admin/users"), ("GET", "/v1/conversions")]


@pytest.mark.parametrize(("method", "path"), [*OPEN_WITHOUT_FACTOR, *CLOSED_WITHOUT_FACTOR])
async def test_a_session_without_a_required_second_factor_may_only_set_one_up(
    rig: Rig, method: str, path: str
) -> None:
    rig.auth.sign_in("session", scope="factors", roles=["user", "admin"])
    async with rig.http.request(
        method, rig.url + path, headers={"Authorization": "Bearer session"}
    ) as answer:
        if (method, path) in OPEN_WITHOUT_FACTOR:
            assert answer.status != 403
            assert path in {seen.target for seen in rig.auth.seen}
        else:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")
            assert {seen.target for seen in rig.auth.seen} == {"/internal/introspect"}


@pytest.mark.parametrize(("method", "path"), OPEN_WITHOUT_FACTOR)
async def test_an_api_key_sets_no_second_factor_up(rig: Rig, method: str, path: str) -> None:
    rig.auth.sign_in(KEY, sid="k1", scope=f"{READ} {WRITE} webhooks:read webhooks:write")
    async with rig.http.request(method, rig.url + path, headers={"Authorization": f"Bearer {KEY}"}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")
