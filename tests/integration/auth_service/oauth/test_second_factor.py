"""Sign-ins with a provider ask for the account's second factor."""

import pytest

from tests.integration.auth_service.factors.enrolled import Enrolled, add_app, second_step
from tests.integration.auth_service.oauth.rig import OAuthRig
from tests.integration.auth_service.oauth.test_front_end import ADA, VERIFIER, signed_in
from tests.integration.auth_service.replica import Person
from tests.support.openid_provider import Browser


@pytest.fixture
async def owner(rig: OAuthRig, browser: Browser) -> Enrolled:
    """An account that signs in with the provider only, and has an authenticator app."""
    attempt = await rig.begin()
    pair = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    person = Person(rig.replica, email=ADA, access_token=pair.json()["access_token"])
    return await add_app(person, rig.clock)


async def test_a_sign_in_with_a_provider_ends_with_the_second_factor(
    rig: OAuthRig, browser: Browser, owner: Enrolled
) -> None:
    attempt = await rig.begin()
    asked = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    assert (asked.status_code, asked.json()["code"]) == (401, "second_factor_required")
    token = asked.json()["factor_token"]
    assert (await second_step(rig.replica, token, code=owner.app.wrong())).status_code == 401
    pair = await second_step(rig.replica, token, code=owner.app.code())
    assert (await rig.me(pair))["email"] == ADA
    (event, *_) = (await owner.person.call("GET", "auth/activity")).json()["items"]
    assert (event["event"], event["details"]) == ("login", {"method": "provider", "factor": "totp"})


async def test_a_front_end_is_asked_when_it_redeems_its_code(
    rig: OAuthRig, browser: Browser, owner: Enrolled
) -> None:
    code = (await signed_in(rig, browser))["code"]
    body = {"code": code, "code_verifier": VERIFIER}
    asked = await rig.http.post("/v1/auth/oauth/token", json=body)
    assert (asked.status_code, asked.json()["code"]) == (401, "second_factor_required")
    again = await rig.http.post("/v1/auth/oauth/token", json=body)
    assert (again.status_code, again.json()["code"]) == (400, "sign_in_expired")
    pair = await second_step(rig.replica, asked.json()["factor_token"], code=owner.app.code())
    assert (await rig.me(pair))["email"] == ADA


async def test_the_first_sign_in_of_the_owner_ends_the_factors_of_who_registered_the_address(
    rig: OAuthRig, browser: Browser
) -> None:
    """Otherwise the owner would be asked for the attacker's code, for ever."""
    await rig.replica.register(ADA)
    attacker = Person(rig.replica, ADA)
    await attacker.sign_in()
    await add_app(attacker, rig.clock)
    attempt = await rig.begin()
    pair = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    assert (await rig.me(pair))["email_verified"] is True
    owner = Person(rig.replica, ADA, access_token=pair.json()["access_token"])
    assert (await owner.call("GET", "auth/factors")).json() == {"items": [], "recovery_codes_left": 0}
