"""Signing in with a provider, as a browser sees it: redirects, and one cookie."""

from typing import Any

import aiohttp
import msgspec
import pytest

from tests.integration.gateway.rig import Rig, running
from tests.integration.gateway.services import Seen
from tests.integration.gateway.test_accounts import TOKENS, answer

BROWSER = "b" * 43
STARTED = {"location": "https://issuer.example/auth?state=s", "browser": BROWSER, "expires_in": 600}
OAUTH = "/v1/auth/oauth"


async def get(rig: Rig, path: str, **headers: str) -> aiohttp.ClientResponse:
    async with rig.http.get(f"{rig.url}{path}", headers=headers, allow_redirects=False) as response:
        await response.read()
        return response


def asked(rig: Rig) -> tuple[str, str, Any]:
    (seen,) = rig.auth.seen
    return seen.method, seen.target, msgspec.json.decode(bytes(seen.body))


async def test_the_start_redirects_to_the_provider_and_sets_the_cookie(rig: Rig) -> None:
    answer(rig, "200 OK", STARTED)
    response = await get(rig, f"{OAUTH}/corp/start")
    assert (response.status, response.headers["Location"]) == (302, STARTED["location"])
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["RateLimit-Policy"].startswith('"login"')
    name, _, attributes = response.headers["Set-Cookie"].partition("; ")
    assert name == f"tonegate-sign-in={BROWSER}"
    assert set(attributes.lower().split("; ")) == {"httponly", "max-age=600", "path=/", "samesite=lax"}
    assert asked(rig) == ("POST", f"{OAUTH}/corp/start", {})


async def test_with_https_the_cookie_is_secure_and_host_only() -> None:
    async with running(public_url="https://tonegate.example") as rig:
        answer(rig, "200 OK", STARTED)
        cookie = (await get(rig, f"{OAUTH}/corp/start")).headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-tonegate-sign-in={BROWSER}; ")
    attributes = set(cookie.lower().split("; ")[1:])
    assert {"secure", "path=/", "httponly", "samesite=lax"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_front_end_parameters_and_the_cookie_are_forwarded(rig: Rig) -> None:
    answer(rig, "200 OK", STARTED)
    query = "redirect_uri=https%3A%2F%2Fapp.example%2F&code_challenge=c&state=mine&browser=x"
    await get(rig, f"{OAUTH}/corp/start?{query}", Cookie=f"tonegate-sign-in={'c' * 43}")
    assert asked(rig)[2] == {
        "redirect_uri": "https://app.example/",
        "code_challenge": "c",
        "browser": "c" * 43,
    }


async def test_the_callback_response_is_not_cacheable_and_sends_no_referrer(rig: Rig) -> None:
    answer(rig, "200 OK", TOKENS)
    query = "code=c&state=s&iss=https%3A%2F%2Fissuer.example&session_state=x&scope=openid&browser=evil"
    async with rig.http.get(
        f"{rig.url}{OAUTH}/corp/callback?{query}", headers={"Cookie": f"tonegate-sign-in={BROWSER}"}
    ) as response:
        assert (response.status, await response.json()) == (200, TOKENS)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["RateLimit-Policy"].startswith('"login"')
    assert asked(rig) == (
        "POST",
        f"{OAUTH}/corp/callback",
        {"code": "c", "state": "s", "iss": "https://issuer.example", "browser": BROWSER},
    )


async def test_nothing_replaces_a_missing_cookie(rig: Rig) -> None:
    answer(rig, "200 OK", TOKENS)
    await get(rig, f"{OAUTH}/corp/callback?code=c&state=s", Cookie="tonegate-sign-in=short")
    assert asked(rig)[2]["browser"] == ""


async def test_a_front_end_receives_its_code(rig: Rig) -> None:
    answer(rig, "200 OK", {"location": "https://app.example/?code=c"})
    response = await get(rig, f"{OAUTH}/corp/callback?code=c&state=s")
    assert (response.status, response.headers["Location"]) == (303, "https://app.example/?code=c")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "location",
    [
        "javascript:/alert(1)",
        "JavaScript:/alert(1)",
        "data:/text/html,x",
        "/v1/auth/me",
        "//evil.example",
        "https://app.example/\r\nSet-Cookie: x=y",
        "https://app.example/ü",
        "https://app.example/" + "x" * 9000,
        "",
    ],
)
async def test_a_redirect_to_an_invalid_target_is_refused(rig: Rig, location: str) -> None:
    answer(rig, "200 OK", {**STARTED, "location": location})
    for path in ("start", "callback"):
        response = await get(rig, f"{OAUTH}/corp/{path}")
        assert response.status == 503
        assert "Location" not in response.headers


async def test_an_unexpected_callback_response_is_503(rig: Rig) -> None:
    answer(rig, "200 OK", {})
    assert (await get(rig, f"{OAUTH}/corp/callback?code=c&state=s")).status == 503


@pytest.mark.parametrize(
    "path",
    [
        "/Corp/start",
        "/..%2Finternal/start",
        "/corp%2F..%2F..%2Fregister/start",
        "/corp%00/start",
        "/-/start",
        f"/{'x' * 33}/start",
        "/corp/other",
        "/corp",
    ],
)
async def test_a_provider_name_cannot_change_the_path(rig: Rig, path: str) -> None:
    assert (await get(rig, OAUTH + path)).status == 404
    assert rig.auth.seen == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=a&state=b", "state"),
        ("code=a&code=a", "code"),
        (f"state={'x' * 129}", "state"),
        (f"code={'x' * 4097}", "code"),
    ],
)
async def test_an_invalid_callback_query_is_refused_by_the_gateway(rig: Rig, query: str, field: str) -> None:
    async with rig.http.get(f"{rig.url}{OAUTH}/corp/callback?{query}") as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["errors"][0]["field"]) == (400, field)
    assert rig.auth.seen == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "sign_in_expired"), (403, "sign_in_cancelled"), (404, "not_found"), (409, "account_not_linked")],
)
async def test_refusals_of_the_service_are_forwarded(rig: Rig, status: int, code: str) -> None:
    async def refuse(seen: Seen) -> None:
        await seen.read_body()
        seen.problem(status, code)

    rig.auth.script = refuse
    async with rig.http.get(f"{rig.url}{OAUTH}/corp/callback?code=c&state=s") as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (status, code)


async def test_a_code_is_exchanged_with_its_verifier(rig: Rig) -> None:
    answer(rig, "200 OK", TOKENS)
    body = {"code": "c", "code_verifier": "v"}
    async with rig.http.post(f"{rig.url}{OAUTH}/token", json=body) as response:
        assert (response.status, await response.json()) == (200, TOKENS)
        assert response.headers["Cache-Control"] == "no-store"
    assert asked(rig) == ("POST", f"{OAUTH}/token", body)


async def test_provider_logins_share_the_login_limit() -> None:
    async with running(rate_login="2/minute") as rig:
        answer(rig, "200 OK", STARTED)
        statuses = [(await get(rig, f"{OAUTH}/corp/start")).status for _ in range(3)]
        assert statuses == [302, 302, 429]
        assert (await get(rig, f"{OAUTH}/corp/callback?code=c&state=s")).status == 429
