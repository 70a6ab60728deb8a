"""Login for a front end: a single-use code in the redirect, bound to a PKCE challenge."""

import pytest

from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.oauth.conftest import FRONT_END
from tests.integration.auth_service.oauth.rig import OAuthRig, refusal
from tests.integration.auth_service.oauth.test_account_links import change
from tests.support.openid_provider import Browser, parameters

ADA = "ada@example.org"
# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def signed_in(rig: OAuthRig, browser: Browser, login: str = ADA) -> dict[str, str]:
    """The query parameters of the redirect to the front end."""
    attempt = await rig.begin(redirect_uri=FRONT_END, code_challenge=CHALLENGE)
    answer = await attempt.come_back(await browser.sign_in(attempt.question, login))
    assert answer.status_code == 200
    assert set(answer.json()) == {"location"}
    assert answer.json()["location"].startswith(f"{FRONT_END}?")
    return parameters(answer.json()["location"])


async def redeem(rig: OAuthRig, code: str, verifier: str = VERIFIER) -> tuple[int, str]:
    answer = await rig.http.post("/v1/auth/oauth/token", json={"code": code, "code_verifier": verifier})
    return (200, (await rig.me(answer))["email"]) if answer.status_code == 200 else refusal(answer)


async def test_the_front_end_redeems_its_code_for_tokens_once(rig: OAuthRig, browser: Browser) -> None:
    found = await signed_in(rig, browser)
    assert set(found) == {"code"}
    assert await redeem(rig, found["code"]) == (200, ADA)
    assert await redeem(rig, found["code"]) == (400, "sign_in_expired")


async def test_a_code_needs_the_verifier_of_its_challenge(rig: OAuthRig, browser: Browser) -> None:
    found = await signed_in(rig, browser)
    assert await redeem(rig, found["code"], "x" * 43) == (400, "sign_in_expired")
    assert await redeem(rig, found["code"]) == (400, "sign_in_expired"), "nor does anybody guess twice"


async def test_the_code_is_good_for_a_minute(rig: OAuthRig, browser: Browser) -> None:
    found = await signed_in(rig, browser)
    rig.clock.advance(minutes=1)
    assert await redeem(rig, found["code"]) == (400, "sign_in_expired")


async def test_a_code_of_an_account_disabled_meanwhile_is_refused(rig: OAuthRig, browser: Browser) -> None:
    found = await signed_in(rig, browser)
    await change(rig, "UPDATE auth.users SET disabled_at = now()")
    assert await redeem(rig, found["code"]) == (403, "forbidden")


async def test_a_pending_code_is_invalid_after_its_owner_has_revoked_access(
    rig: OAuthRig, browser: Browser, mails: AccountMails
) -> None:
    """Password reset, password change and unlinking each delete pending codes."""
    before_reset = (await signed_in(rig, browser))["code"]
    await rig.replica.post("password/forgot", email=ADA)
    await rig.replica.post("password/reset", token=await mails.reset(ADA), password="a horse of my own")
    assert await redeem(rig, before_reset) == (400, "sign_in_expired")

    ada = (await rig.replica.login(ADA, "a horse of my own")).raise_for_status().json()["access_token"]
    before_change = (await signed_in(rig, browser))["code"]
    passwords = {"current_password": "a horse of my own", "password": "another horse of mine"}
    changed = await rig.replica.call("POST", "auth/password/change", ada, None, **passwords)
    assert changed.status_code == 204
    assert await redeem(rig, before_change) == (400, "sign_in_expired")

    before_unlinking = (await signed_in(rig, browser))["code"]
    [linked] = (await rig.replica.call("GET", "auth/identities", ada)).json()["items"]
    unlinked = await rig.replica.call("DELETE", f"auth/identities/{linked['id']}", ada)
    assert unlinked.status_code == 204
    assert await redeem(rig, before_unlinking) == (400, "sign_in_expired")


async def test_an_error_is_redirected_to_the_front_end(rig: OAuthRig, browser: Browser) -> None:
    assert await signed_in(rig, browser, f"unverified:{ADA}") == {"error": "email_not_verified"}


async def test_a_callback_of_another_browser_is_not_redirected_to_the_front_end(
    rig: OAuthRig, browser: Browser
) -> None:
    attempt = await rig.begin(redirect_uri=FRONT_END, code_challenge=CHALLENGE)
    back = await browser.sign_in(attempt.question, ADA)
    assert refusal(await attempt.come_back(back, browser="x" * 43)) == (400, "sign_in_expired")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"redirect_uri": "https://evil.example/", "code_challenge": CHALLENGE}, "redirect_uri"),
        ({"redirect_uri": FRONT_END + "/more", "code_challenge": CHALLENGE}, "redirect_uri"),
        ({"redirect_uri": FRONT_END + "?x=1", "code_challenge": CHALLENGE}, "redirect_uri"),
        ({"redirect_uri": FRONT_END.upper(), "code_challenge": CHALLENGE}, "redirect_uri"),
        ({"code_challenge": CHALLENGE}, "redirect_uri"),
        ({"redirect_uri": FRONT_END}, "code_challenge"),
        ({"redirect_uri": FRONT_END, "code_challenge": "plain"}, "code_challenge"),
    ],
)
async def test_redirect_uri_must_be_configured_and_come_with_a_challenge(
    rig: OAuthRig, body: dict[str, str], field: str
) -> None:
    answer = await rig.start(**body)
    assert refusal(answer) == (400, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [{}, {"code": "x"}, {"code": "x", "code_verifier": "x", "more": "x"}])
async def test_a_body_that_does_not_fit_is_refused(rig: OAuthRig, body: dict[str, str]) -> None:
    assert refusal(await rig.http.post("/v1/auth/oauth/token", json=body)) == (400, "invalid_request")
