"""Account linking: by verified addresses only."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from shared.contracts.events import AccountClaimed, PasswordRemoved
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.oauth.rig import OAuthRig, SignIn, refusal
from tests.integration.auth_service.replica import Person
from tests.integration.auth_service.sql import opened
from tests.support.openid_provider import Browser
from tests.support.wait import until

ADA = "ada@example.org"


async def change(rig: OAuthRig, statement: str, **values: object) -> None:
    async with opened(rig.database) as database, database.transaction() as session:
        await session.execute(text(statement), values)


async def verified(rig: OAuthRig, email: str) -> str:
    """A registered user with a verified address."""
    identity = str((await rig.replica.register(email)).json()["id"])
    await change(
        rig,
        "UPDATE auth.users SET email_verified_at = :now WHERE email_canonical = lower(:email)",
        now=datetime.now(UTC),
        email=email,
    )
    return identity


async def test_a_verified_account_is_linked_and_keeps_its_password(rig: OAuthRig, browser: Browser) -> None:
    registered = await verified(rig, "Ada@Example.org")
    attempt = await rig.begin()
    me = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    assert (me["id"], me["email"]) == (registered, "Ada@Example.org")
    assert (await rig.replica.login(ADA)).status_code == 200


async def test_an_account_with_an_unverified_address_is_taken_from_who_registered_it(
    rig: OAuthRig, browser: Browser, mails: AccountMails
) -> None:
    """Otherwise an attacker who registered the address first would share the account (pre-hijacking)."""
    attacker = Person(rig.replica, ADA)
    await rig.replica.register(ADA)
    await attacker.sign_in()
    key = (await attacker.call("POST", "auth/api-keys", name="mine")).json()["key"]
    identity = await attacker.identity()

    attempt = await rig.begin()
    me = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    assert (me["id"], me["email"], me["email_verified"]) == (identity, ADA, True)
    assert not await attacker.is_signed_in()
    assert (await rig.replica.refresh(attacker.refresh_token)).status_code == 401
    assert not await rig.replica.is_active(key)
    assert (await rig.replica.login(ADA)).status_code == 401, "the password is gone"
    await mails.notice(PasswordRemoved, ADA)


async def test_taking_an_account_announces_the_sessions_that_ended_for_its_webhooks(
    rig: OAuthRig, browser: Browser, claimed: list[AccountClaimed]
) -> None:
    await rig.replica.register(ADA)
    attacker = Person(rig.replica, ADA)
    await attacker.sign_in()
    (session,) = (await attacker.call("GET", "auth/sessions")).json()["items"]
    attempt = await rig.begin()
    await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    await until(lambda: claimed, what="AccountClaimed")
    assert claimed[0].ended == (session["id"],)


async def test_a_verified_account_keeps_its_password_sessions_and_keys_when_it_is_linked(
    rig: OAuthRig, browser: Browser
) -> None:
    await verified(rig, ADA)
    owner = Person(rig.replica, ADA)
    await owner.sign_in()
    key = (await owner.call("POST", "auth/api-keys", name="mine")).json()["key"]
    attempt = await rig.begin()
    assert (await attempt.come_back(await browser.sign_in(attempt.question, ADA))).status_code == 200
    assert await owner.is_signed_in()
    assert await rig.replica.is_active(key)


@pytest.mark.parametrize("login", [f"unverified:{ADA}", "nobody:ada", "no address at all"])
async def test_an_address_that_the_provider_has_not_verified_is_refused(
    rig: OAuthRig, browser: Browser, login: str
) -> None:
    await verified(rig, ADA)
    attempt = await rig.begin()
    answer = await attempt.come_back(await browser.sign_in(attempt.question, login))
    assert refusal(answer) == (403, "email_not_verified")


async def test_another_subject_with_the_same_address_is_refused(
    rig: OAuthRig, browser: Browser, stranger: Browser
) -> None:
    """Addresses are reassigned; a provider's subject is not (OIDC Core §5.7)."""
    attempt = await rig.begin()
    assert (await attempt.come_back(await browser.sign_in(attempt.question, ADA))).status_code == 200
    attempt = await rig.begin()
    answer = await attempt.come_back(await stranger.sign_in(attempt.question, f"second:{ADA}"))
    assert refusal(answer) == (409, "account_not_linked")


async def test_a_linked_identity_may_change_its_address(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    first = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    await change(rig, "UPDATE auth.users SET email = 'new@example.org', email_canonical = 'new@example.org'")
    attempt = await rig.begin()
    again = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    assert (again["id"], again["email"]) == (first["id"], "new@example.org")


async def test_a_password_reset_unlinks_identities_of_an_account_with_an_unverified_address(
    rig: OAuthRig, mails: AccountMails, stranger: Browser
) -> None:
    """Pre-hijacking by a "trojan identifier": the attacker links an account to an identity, then changes its
    address to the victim's, and waits until the victim resets the password.
    """
    attempt = await rig.begin()
    await attempt.come_back(await stranger.sign_in(attempt.question, "thief@example.org"))
    await change(
        rig,
        "UPDATE auth.users SET email = :ada, email_canonical = :ada, email_verified_at = NULL",
        ada=ADA,
    )
    await rig.replica.post("password/forgot", email=ADA)
    answer = await rig.replica.post(
        "password/reset", token=await mails.reset(ADA), password="a horse of my own"
    )
    assert answer.status_code == 204
    attempt = await rig.begin()
    thief = await rig.me(
        await attempt.come_back(await stranger.sign_in(attempt.question, "thief@example.org"))
    )
    assert thief["email"] == "thief@example.org", "an account of the thief's own"


async def test_a_disabled_account_cannot_log_in(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    await change(rig, "UPDATE auth.users SET disabled_at = now()")
    attempt = await rig.begin()
    answer = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    assert refusal(answer) == (403, "forbidden")
    await change(rig, "DELETE FROM auth.identities")
    attempt = await rig.begin()
    answer = await attempt.come_back(await browser.sign_in(attempt.question, ADA))
    assert refusal(answer) == (403, "forbidden"), "nor is it linked"


async def test_roles_are_those_of_the_account(rig: OAuthRig, browser: Browser) -> None:
    await verified(rig, ADA)
    await change(rig, "UPDATE auth.users SET roles = ARRAY['user', 'admin']")
    attempt = await rig.begin()
    me = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    assert me["roles"] == ["user", "admin"]


async def test_identities_are_deleted_with_their_account(rig: OAuthRig, browser: Browser) -> None:
    attempt = await rig.begin()
    first = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    await change(rig, "DELETE FROM auth.users")
    attempt = await rig.begin()
    again = await rig.me(await attempt.come_back(await browser.sign_in(attempt.question, ADA)))
    assert again["id"] != first["id"]


async def test_an_owner_sees_the_providers_and_unlinks_one(rig: OAuthRig, browser: Browser) -> None:
    await verified(rig, ADA)
    attempt = await rig.begin()
    token = (await attempt.come_back(await browser.sign_in(attempt.question, ADA))).json()["access_token"]
    [linked] = (await rig.replica.call("GET", "auth/identities", token)).json()["items"]
    assert (linked["provider"], linked["issuer"]) == ("corp", issuer_of(attempt))
    assert ADA not in str(linked)
    path = f"auth/identities/{linked['id']}"
    stranger = await rig.replica.person()
    assert refusal(await stranger.call("DELETE", path)) == (404, "not_found")
    assert (await stranger.call("GET", "auth/identities")).json() == {"items": []}
    assert (await rig.replica.call("DELETE", path, token)).status_code == 204
    assert (await rig.replica.call("GET", "auth/identities", token)).json() == {"items": []}
    assert refusal(await rig.replica.call("DELETE", path, token)) == (404, "not_found")


async def test_the_only_login_method_cannot_be_unlinked(
    rig: OAuthRig, browser: Browser, mails: AccountMails
) -> None:
    attempt = await rig.begin()
    token = (await attempt.come_back(await browser.sign_in(attempt.question, ADA))).json()["access_token"]
    [linked] = (await rig.replica.call("GET", "auth/identities", token)).json()["items"]
    path = f"auth/identities/{linked['id']}"
    assert refusal(await rig.replica.call("DELETE", path, token)) == (409, "conflict")
    await rig.replica.post("password/forgot", email=ADA)
    new = {"token": await mails.reset(ADA), "password": "a horse of my own"}
    assert (await rig.replica.post("password/reset", **new)).status_code == 204
    token = (await rig.replica.login(ADA, "a horse of my own")).json()["access_token"]
    assert (await rig.replica.call("DELETE", path, token)).status_code == 204


def issuer_of(attempt: SignIn) -> str:
    """The issuer: the authorization URL without its path."""
    return "://".join(urlsplit(attempt.question)[:2])
