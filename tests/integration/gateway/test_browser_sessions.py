"""Sessions of the page: the refresh token is in a cookie only, and only the page's own requests use it."""

from typing import Any

import pytest

from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_accounts import answer

PAIR = {"access_token": "a1", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r" * 43}
OWN = {"Sec-Fetch-Site": "same-origin"}
LOGIN = {"email": "me@example.org", "password": "correct horse battery"}
CALLS: dict[str, dict[str, Any]] = {
    "login": {"json": LOGIN},
    "login/factor": {"json": {"factor_token": "f1", "code": "123456"}},
    "login/provider": {"json": {"code": "c1", "code_verifier": "v" * 43}},
    "refresh": {"cookies": {"tonegate-session": "r" * 43}},
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_session_starts_with_an_access_token_and_the_refresh_token_in_a_cookie(
    rig: Rig, call: str
) -> None:
    answer(rig, "200 OK", PAIR)
    status, body, cookie = await post(rig, call, OWN)
    assert (status, body) == (200, {"access_token": "a1", "token_type": "Bearer", "expires_in": 900})
    name, _, attributes = cookie.partition("; ")
    assert name == f"tonegate-session={'r' * 43}"
    assert set(attributes.lower().split("; ")) == {"path=/", "max-age=2592000", "httponly", "samesite=strict"}


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host() -> None:
    async with running(public_url="https://audio.example.org") as rig:
        answer(rig, "200 OK", PAIR)
        _, _, cookie = await post(rig, "login", OWN)
    assert cookie.startswith("__Host-tonegate-session=")
    assert {"secure", "path=/", "httponly"} <= set(cookie.lower().split("; "))
    assert "domain" not in cookie.lower()


FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "OWN"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
)


async def test_requests_of_other_sites_are_refused_before_anything_happens() -> None:
    async with running(rate_login="1000/hour") as rig:
        for call in CALLS:
            for headers in FOREIGN:
                sent = {name: rig.url if value == "OWN" else value for name, value in headers.items()}
                status, body, cookie = await post(rig, call, sent)
                assert (status, body["code"], cookie) == (403, "forbidden", ""), (call, headers)
        assert rig.auth.seen == []


async def test_a_browser_that_sends_the_origin_alone_is_accepted_at_its_own_host(rig: Rig) -> None:
    answer(rig, "200 OK", PAIR)
    assert (await post(rig, "login", {"Origin": rig.url}))[0] == 200


async def test_without_a_cookie_there_is_no_session(rig: Rig) -> None:
    async with rig.http.post(f"{rig.url}/v1/auth/browser/refresh", headers=OWN) as response:
        assert (response.status, (await response.json())["code"]) == (401, "unauthenticated")
    assert rig.auth.seen == []


async def test_signing_out_ends_the_session_and_removes_the_cookie(rig: Rig) -> None:
    async with rig.http.post(f"{rig.url}/v1/auth/browser/logout", headers={**OWN, **SIGNED_IN}) as response:
        assert response.status == 204
        removed = response.headers.getall("Set-Cookie")
    assert len(removed) == 2
    assert all('=""' in cookie and "Max-Age=0" in cookie for cookie in removed)
    assert [seen.target for seen in rig.auth.seen if "internal" not in seen.target] == ["/v1/auth/logout"]


async def test_a_request_for_a_second_factor_is_passed_on_without_a_cookie(rig: Rig) -> None:
    async def ask(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(401, "second_factor_required")

    rig.auth.script = ask
    status, body, cookie = await post(rig, "login", OWN)
    assert (status, body["code"], cookie) == (401, "second_factor_required", "")


async def post(rig: Rig, call: str, headers: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    url, more = f"{rig.url}/v1/auth/browser/{call}", dict(CALLS[call])
    cookies = more.pop("cookies", {})
    if cookies:
        headers = {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with rig.http.post(url, headers=headers, **more) as response:
        cookies = response.headers.getall("Set-Cookie", [])
        return response.status, await response.json(), next(iter(sorted(cookies)), "")
