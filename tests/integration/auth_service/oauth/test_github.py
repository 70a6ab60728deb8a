"""Login with GitHub: OAuth 2.0 with PKCE, and the identity from its REST API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.settings import Secret
from tests.integration.auth_service.oauth.rig import OAuthRig, knowing, refusal
from tests.support.github import CLIENT_ID, CLIENT_SECRET, PRIMARY, GitHub, github

REFUSED = (400, "sign_in_refused")


@pytest.fixture
async def there() -> AsyncIterator[GitHub]:
    async with github() as there:
        yield there


@pytest.fixture
async def rig(postgres_url: str, there: GitHub) -> AsyncIterator[OAuthRig]:
    configured: dict[str, Any] = {
        "oauth_github_client_id": CLIENT_ID,
        "oauth_github_client_secret": Secret(CLIENT_SECRET),
        "oauth_github_url": there.url,
        "oauth_github_api_url": there.url,
        "oauth_loopback_http": True,
    }
    async with knowing(postgres_url, **configured) as rig:
        yield rig


async def test_a_new_user_gets_an_account_and_logs_in_to_it_again(rig: OAuthRig, there: GitHub) -> None:
    attempt = await rig.begin("github")
    first = await rig.me(await attempt.come_back(there.allow(attempt.question)))
    assert (first["email"], first["email_verified"]) == ("ada@example.org", True)
    there.addresses = [{**PRIMARY, "email": "new@example.org"}]
    attempt = await rig.begin("github")
    assert await rig.me(await attempt.come_back(there.allow(attempt.question))) == first


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        [{**PRIMARY, "verified": False}],
        [{**PRIMARY, "primary": False}],
        [{**PRIMARY, "verified": False}, {**PRIMARY, "primary": False}],
    ],
)
async def test_the_primary_address_has_to_be_verified(
    rig: OAuthRig, there: GitHub, addresses: list[dict[str, Any]]
) -> None:
    there.addresses = addresses
    attempt = await rig.begin("github")
    answer = await attempt.come_back(there.allow(attempt.question))
    assert refusal(answer) == (403, "email_not_verified")


async def test_a_code_of_another_sign_in_is_of_no_use(rig: OAuthRig, there: GitHub) -> None:
    mine, theirs = await rig.begin("github"), await rig.begin("github")
    stolen, back = there.allow(theirs.question), there.allow(mine.question)
    assert refusal(await mine.come_back(back, code=stolen["code"])) == REFUSED


async def test_a_response_of_another_issuer_is_refused(rig: OAuthRig, there: GitHub) -> None:
    attempt = await rig.begin("github")
    back = {**there.allow(attempt.question), "iss": "https://evil.example"}
    assert refusal(await attempt.come_back(back)) == REFUSED


async def test_a_malformed_response_is_503(rig: OAuthRig, there: GitHub) -> None:
    there.addresses = [{"surprise": True}]
    attempt = await rig.begin("github")
    answer = await attempt.come_back(there.allow(attempt.question))
    assert refusal(answer) == (503, "unavailable")
