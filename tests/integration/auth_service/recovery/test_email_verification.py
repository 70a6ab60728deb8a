"""Email verification: single-use links, their expiry, and changed addresses."""

import asyncio

import pytest
from sqlalchemy import text

from auth_service.settings import AuthSettings
from shared.settings import load
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import Clock, Person, Replica, running, settings
from tests.integration.auth_service.sql import opened
from tests.support.messaging import MemoryBroker


async def is_verified(person: Person) -> bool:
    return bool((await person.replica.me(person.access_token)).json()["email_verified"])


async def test_a_new_account_gets_a_verification_mail(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    assert not await is_verified(person)
    secret = await mails.verification(person.email)
    answer = await auth.verify(secret)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_verified(person)


async def test_the_link_alone_does_not_verify_an_address(auth: Replica, mails: AccountMails) -> None:
    """The owner of the address presses "Confirm" in an account that an attacker registered for it."""
    attacker = await auth.person()
    secret = await mails.verification(attacker.email)
    without = await auth.post("email/verify", token=secret)
    assert (without.status_code, without.json()["code"]) == (401, "unauthenticated")
    wrong = await auth.verify(secret, "a password of the owner's")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    other = await auth.person()
    foreign = await other.call("POST", "auth/email/verify", token=secret)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
    assert not await is_verified(attacker)
    assert (await auth.verify(secret)).status_code == 204, "the link is not spent"


async def test_an_access_token_takes_the_place_of_the_password(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    secret = await mails.verification(person.email)
    key = (await person.call("POST", "auth/api-keys", name="nightly")).json()["key"]
    by_key = await auth.call("POST", "auth/email/verify", key, token=secret)
    assert (by_key.status_code, by_key.json()["code"]) == (403, "forbidden")
    assert (await person.call("POST", "auth/email/verify", token=secret)).status_code == 204
    assert await is_verified(person)


async def test_guessing_a_password_by_a_link_is_throttled(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    secret = await mails.verification(person.email)
    codes = [(await auth.verify(secret, f"guess number {each}")).status_code for each in range(12)]
    assert codes[0] == 401
    assert codes[-1] == 429


async def test_without_require_verified_email_a_mail_is_sent_on_request_only(
    postgres_url: str, clock: Clock, broker: MemoryBroker, mails: AccountMails
) -> None:
    async with running(settings(postgres_url, require_verified_email=False), clock, broker) as auth:
        await auth.ready()
        person, other = await auth.person(), await auth.person()
        for asking in (other, person):
            assert (await asking.call("POST", "auth/email/resend")).status_code == 202
            secret = await mails.verification(asking.email)
            assert (await auth.verify(secret)).status_code == 204
        assert len(mails.all) == 2, "mails keep their order, so the registration's would have come before"


def test_require_verified_email_is_off_by_default() -> None:
    needed = {
        "AUTH_DATABASE_URL": "x",
        "AUTH_DATA_KEYS": "x" * 43,
        "AUTH_INTROSPECTION_SECRET": "x" * 16,
        "AMQP_URL": "x",
    }
    assert not load(AuthSettings, needed).require_verified_email
    assert load(AuthSettings, {**needed, "AUTH_REQUIRE_VERIFIED_EMAIL": "true"}).require_verified_email


async def test_a_link_works_once_under_concurrent_use(
    auth: Replica, second: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    secret = await mails.verification(person.email)
    answers = await asyncio.gather(*(replica.verify(secret) for replica in (auth, second) * 3))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 5


async def test_an_expired_link_is_refused(auth: Replica, mails: AccountMails, clock: Clock) -> None:
    person = await auth.person()
    secret = await mails.verification(person.email)
    clock.advance(days=1)
    assert (await auth.verify(secret)).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "\x00", "ü", "' OR 1=1 --", "A" * 43])
async def test_an_unknown_token_is_refused_without_a_reason(auth: Replica, token: str) -> None:
    answer = await auth.verify(token)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"] == [
        {"field": "token", "message": "is not valid, was used before or has expired"}
    ]


async def test_a_password_reset_token_does_not_verify_an_address(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    assert (await auth.verify(secret)).status_code == 400
    assert not await is_verified(person)


async def test_another_mail_can_be_requested_with_a_token_or_by_address(
    auth: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    await mails.verification(person.email)
    answer = await auth.call("POST", "auth/email/resend", person.access_token)
    assert (answer.status_code, answer.content) == (202, b"")
    second = await mails.verification(person.email, 2)
    assert (await auth.post("email/resend", email=person.email)).status_code == 202
    await mails.verification(person.email, 3)
    assert (await auth.verify(second)).status_code == 204


async def test_a_request_without_token_and_address_is_refused(auth: Replica) -> None:
    answer = await auth.call("POST", "auth/email/resend")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_verified_address_gets_no_more_mails(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    assert (await person.call("POST", "auth/email/resend")).status_code == 202
    other = await auth.person()
    await mails.verification(other.email)
    assert len(mails.all) == 2, "mails keep their order, so a second one would have come before"


async def test_verification_does_not_log_in(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    answer = await auth.verify(await mails.verification(person.email))
    assert answer.content == b""
    assert "set-cookie" not in answer.headers


async def test_introspection_shows_the_verified_address_at_once(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    before = (await auth.introspect(person.access_token)).json()
    assert before["email_verified"] is False
    await auth.verify(await mails.verification(person.email))
    after = (await auth.introspect(person.access_token)).json()
    assert after["email_verified"] is True
    assert (after["sid"], after["exp"]) == (before["sid"], before["exp"])


async def test_a_link_mailed_during_a_change_of_address_is_invalid(
    auth: Replica, mails: AccountMails, postgres_url: str
) -> None:
    person = await auth.person()
    late = await mails.verification(person.email)
    async with opened(postgres_url) as database, database.transaction() as session:
        moved = "UPDATE auth.users SET email = 'new@example.org', email_canonical = 'new@example.org'"
        await session.execute(text(moved))
    assert (await auth.verify(late)).status_code == 400
    assert not await is_verified(person)
