"""Provider login through the whole system, by a browser's cookies and redirects."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.client import visiting
from tests.support.openid_provider import CLIENT_SECRET, Browser, OpenIDProvider
from tests.support.system import System


@pytest.fixture(scope="module")
def knowing(system: System, openid_provider: OpenIDProvider) -> System:
    """The system restarted with a provider, which does not affect other tests."""
    auth = system.stack.service("auth")
    corp = {
        "name": "corp",
        "issuer": openid_provider.issuer,
        "client_id": "tonegate",
        "client_secret": CLIENT_SECRET,
    }
    auth.configure({"AUTH_OAUTH_PROVIDERS": json.dumps([corp]), "AUTH_OAUTH_LOOPBACK_HTTP": "true"})
    auth.restart()
    return system


@pytest.fixture
async def http(knowing: System) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(knowing.url) as client:
        yield client


async def way_back(http: httpx.AsyncClient) -> str:
    """Returns the provider's redirect for a browser that started at the gateway."""
    start = await http.get("/v1/auth/oauth/corp/start")
    assert start.status_code == 302, start.text
    provider = Browser()
    async with provider.http:
        back = await provider.way_back(start.headers["Location"], "ada@example.org")
    assert back.startswith(str(http.base_url.join("/v1/auth/oauth/corp/callback?")))
    return back


async def test_a_browser_receives_valid_tokens(http: httpx.AsyncClient) -> None:
    answer = await http.get(await way_back(http))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    me = await http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.json()["email"], me.json()["email_verified"]) == ("ada@example.org", True)


async def test_a_callback_of_another_browsers_login_is_refused(
    http: httpx.AsyncClient, knowing: System
) -> None:
    """Login CSRF: the victim's browser has no cookie of the attacker's."""
    link = await way_back(http)
    async with visiting(knowing.url) as victim:
        answer = await victim.get(link)
    assert (answer.status_code, answer.json()["code"]) == (400, "sign_in_expired")


async def test_of_two_concurrent_clicks_one_logs_in(http: httpx.AsyncClient) -> None:
    back = await way_back(http)
    answers = await asyncio.gather(http.get(back), http.get(back))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
