"""Provider login through the whole system, by a browser's cookies and redirects."""

import asyncio
import json
from collections.abc import AsyncIterator
from secrets import token_hex

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.authenticator_app import AuthenticatorApp
from tests.support.browser import executable
from tests.support.client import visiting
from tests.support.openid_provider import CLIENT_SECRET, Browser, OpenIDProvider
from tests.support.page import sign_out
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


needs_browser = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


async def continue_at_the_provider(page: Page, email: str) -> None:
    await page.get_by_role("button", name="Continue with Corp").click()
    await page.locator("[name=login]").fill(email)
    await page.locator("[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()


@needs_browser
@pytest.mark.usefixtures("knowing")
async def test_a_person_signs_in_at_the_page_and_is_asked_for_the_second_factor(page: Page) -> None:
    email = f"{token_hex(6)}@example.org"
    await page.goto("./")
    await continue_at_the_provider(page, email)
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    assert "code" not in page.url, "the code does not stay in the address"
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_text(email)).to_be_visible()
    await expect(page.get_by_role("button", name="Remove Corp")).to_be_visible()

    await page.get_by_role("button", name="Add an authenticator app").click()
    app = AuthenticatorApp(await page.get_by_role("dialog").locator("code").inner_text())
    await page.get_by_label("Code", exact=True).fill(app.next())
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await page.get_by_role("button", name="I have kept them").click()
    await sign_out(page)
    await page.context.clear_cookies()
    await page.goto("./")
    await continue_at_the_provider(page, email)
    await expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(app.next())
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


@needs_browser
@pytest.mark.usefixtures("knowing")
async def test_a_sign_in_that_is_cancelled_at_the_provider_says_so(page: Page) -> None:
    await page.goto("./")
    await page.get_by_role("button", name="Continue with Corp").click()
    await page.locator("a[href$=abort]").click()
    await expect(page.get_by_role("alert")).to_contain_text("cancelled at the provider")
    assert "error" not in page.url


@needs_browser
@pytest.mark.usefixtures("knowing")
async def test_a_link_with_the_code_of_another_sign_in_does_nothing(page: Page) -> None:
    """Login CSRF: only the tab that began a sign-in ends it."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    for query in ("code=somebody-elses", "error=account_not_linked", "error=<b>words</b>"):
        await page.goto(f"./?{query}")
        await expect(page.get_by_role("button", name="Continue with Corp")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)
    assert not [url for url in sent if url.endswith("login/provider")]


async def test_the_list_of_providers_has_no_secret(http: httpx.AsyncClient, knowing: System) -> None:
    answer = await http.get("/v1/auth/oauth/providers")
    page = f"{knowing.url.rstrip('/')}/"
    assert answer.json() == {"items": [{"name": "corp", "title": "Corp"}], "page": page}
