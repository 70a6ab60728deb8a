"""Login with a real OpenID Connect provider, and manipulated callbacks."""

import asyncio

import pytest
from sqlalchemy import text

from tests.integration.auth_service.oauth.rig import OAuthRig, refusal
from tests.integration.auth_service.replica import bearer
from tests.integration.auth_service.sql import opened
from tests.support.openid_provider import Browser, OpenIDProvider

ADA = "ada@example.org"
EXPIRED = (400, "sign_in_expired")
REFUSED = (400, "sign_in_refused")


@pytest.mark.parametrize("provider", ["corp", "corp-ec"])
async def test_a_new_user_gets_an_account_with_a_verified_address(
    rig: OAuthRig, browser: Browser, provider: str
) -> None:
    attempt = await rig.begin(provider)
    answer = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    me = await rig.me(answer)
    assert (me["email"], me["email_verified"], me["roles"]) == (ADA, True, ["user"])
    assert (await rig.replica.refresh(answer.json()["refresh_token"])).status_code == 200


async def test_the_second_time_it_is_the_same_account(rig: OAuthRig, browser: Browser) -> None:
    first, second = await rig.begin(), await rig.begin()
    one = await rig.me(await first.come_back(await browser.sign_in(first.question, ADA)))
    two = await rig.me(await second.come_back(await browser.sign_in(second.question, ADA)))
    assert one == two


async def test_the_authorization_request_follows_rfc_9700(
    rig: OAuthRig, openid_provider: OpenIDProvider
) -> None:
    attempt = await rig.begin()
    assert attempt.question.startswith(f"{openid_provider.issuer}/auth?")
    asked = attempt.asked
    secrets = [asked.pop(name) for name in ("state", "nonce", "code_challenge")]
    assert asked == {
        "response_type": "code",
        "client_id": "tonegate",
        "redirect_uri": "http://127.0.0.1:8000/v1/auth/oauth/corp/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    assert all(len(secret) == 43 for secret in secrets)
    assert len({*secrets, attempt.browser}) == 4


async def test_a_callback_works_once(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    assert (await attempt.come_back(back)).status_code == 200
    assert refusal(await attempt.come_back(back)) == EXPIRED


async def test_of_two_concurrent_callbacks_one_logs_in(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    answers = await asyncio.gather(*(attempt.come_back(back) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_two_concurrent_first_logins_create_one_account(rig: OAuthRig, browser: Browser) -> None:
    attempts = [await rig.begin() for _ in range(4)]
    backs = [await browser.sign_in(attempt.question, ADA) for attempt in attempts]
    together = zip(attempts, backs, strict=True)
    answers = await asyncio.gather(*(attempt.come_back(back) for attempt, back in together))
    assert len({(await rig.me(answer))["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"browser": "x" * 43},
        {"browser": ""},
    ],
    ids=["another state", "no state", "another browser", "no cookie"],
)
async def test_a_callback_of_another_browser_is_refused_without_side_effects(
    rig: OAuthRig, browser: Browser, changes: dict[str, str]
) -> None:
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    assert refusal(await attempt.come_back(back, **changes)) == EXPIRED
    assert (await attempt.come_back(back)).status_code == 200, "the one who began it still can"


async def test_a_state_is_valid_at_its_own_provider_only(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    attempt.provider = "corp-ec"
    assert refusal(await attempt.come_back(back)) == EXPIRED


async def test_a_login_that_takes_too_long_expires(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    rig.clock.advance(minutes=10)
    assert refusal(await attempt.come_back(back)) == EXPIRED


async def test_expired_attempts_are_deleted_by_later_ones(rig: OAuthRig) -> None:
    for _ in range(3):
        await rig.begin()
    rig.clock.advance(minutes=10)
    await rig.begin()
    async with opened(rig.database) as database, database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM auth.oauth_attempts")) == 1


async def test_two_tabs_of_one_browser_do_not_interfere(rig: OAuthRig, browser: Browser) -> None:
    first = await rig.begin()
    second = await rig.begin(browser=first.browser)
    assert second.browser == first.browser
    for attempt in (second, first):
        assert (await attempt.come_back(await browser.sign_in(attempt.question, ADA))).status_code == 200


async def test_a_browser_cannot_choose_its_secret(rig: OAuthRig) -> None:
    assert (await rig.begin(browser="chosen")).browser != "chosen"


async def test_a_code_of_another_sign_in_is_of_no_use(
    rig: OAuthRig, browser: Browser, stranger: Browser
) -> None:
    """Code injection (RFC 9700 §4.5): PKCE and nonce bind a code to its login."""
    mine, theirs = await rig.begin(), await rig.begin()
    stolen = await stranger.sign_in(theirs.question, "victim@example.org")
    back = await browser.sign_in(mine.question, ADA)
    assert refusal(await mine.come_back(back, code=stolen["code"])) == REFUSED


async def test_a_code_verifier_that_does_not_fit_is_refused_by_the_provider(
    rig: OAuthRig, browser: Browser
) -> None:
    """PKCE verification by the provider."""
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    async with opened(rig.database) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.oauth_attempts SET code_verifier = repeat('x', 43)"))
    assert refusal(await attempt.come_back(back)) == REFUSED


async def test_an_authorization_request_without_pkce_gets_no_code(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    challenge = f"&code_challenge={attempt.asked['code_challenge']}"
    assert challenge in attempt.question
    stripped = attempt.question.replace(challenge, "").replace("&code_challenge_method=S256", "")
    back = await browser.sign_in(stripped, ADA)
    assert back["error"] == "invalid_request"
    assert refusal(await attempt.come_back(back)) == REFUSED


async def test_an_id_token_with_another_nonce_is_refused(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    other = attempt.question.replace(attempt.asked["nonce"], "x" * 43)
    assert refusal(await attempt.come_back(await browser.sign_in(other, ADA))) == REFUSED


@pytest.mark.parametrize("iss", [None, "https://evil.example"])
async def test_a_response_has_to_name_its_issuer(rig: OAuthRig, browser: Browser, iss: str | None) -> None:
    """RFC 9207: this provider's metadata announces the `iss` parameter."""
    attempt = await rig.begin()
    back = await browser.sign_in(attempt.question, ADA)
    back.pop("iss")
    assert refusal(await attempt.come_back(back if iss is None else {**back, "iss": iss})) == REFUSED


async def test_a_cancelled_login_is_reported_as_such(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    back = await browser.cancel(attempt.question)
    assert back["error"] == "access_denied"
    assert refusal(await attempt.come_back(back)) == (403, "sign_in_cancelled")


async def test_a_provider_that_is_not_configured_is_not_found(rig: OAuthRig) -> None:
    for name in ("google", "github", "other", "..", "corp%2F.."):
        assert (await rig.start(name)).status_code == 404, name


async def test_an_account_without_a_password_refuses_password_logins(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    for password in ("", "None", "correct horse battery staple"):
        assert refusal(await rig.replica.login(ADA, password)) == (401, "invalid_credentials")


async def test_logout_ends_a_provider_session(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    answer = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    token = answer.json()["access_token"]
    await rig.replica.logout(token)
    assert not await rig.replica.is_active(token)
    assert (await rig.http.get("/v1/auth/me", headers=bearer(token))).status_code == 401
