"""Proving an address: a secret that works once, for a while, for the address it was sent to."""

import asyncio

import pytest
from sqlalchemy import text

from auth_service.settings import AuthSettings
from shared.settings import load
from tests.integration.auth_service.letters import Letters
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica, running, settings
from tests.integration.auth_service.rows import opened
from tests.support.messaging import MemoryBroker


async def is_verified(person: Person) -> bool:
    return bool((await person.replica.me(person.access_token)).json()["email_verified"])


async def test_a_new_account_is_asked_to_prove_its_address(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    assert not await is_verified(person)
    secret = await letters.verification(person.email)
    answer = await auth.post("email/verify", token=secret)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_verified(person)


async def test_where_nothing_depends_on_it_a_letter_comes_only_when_asked_for(
    postgres_url: str, clock: Clock, broker: MemoryBroker, letters: Letters
) -> None:
    async with running(settings(postgres_url, require_verified_email=False), clock, broker) as auth:
        await auth.ready()
        person, other = await auth.person(), await auth.person()
        for asking in (other, person):
            assert (await asking.call("POST", "auth/email/resend")).status_code == 202
            secret = await letters.verification(asking.email)
            assert (await auth.post("email/verify", token=secret)).status_code == 204
        assert len(letters.all) == 2, "letters keep their order, so the registration's would have come before"


def test_it_is_off_unless_it_is_switched_on() -> None:
    needed = {"AUTH_DATABASE_URL": "x", "AUTH_INTROSPECTION_SECRET": "x" * 16, "AMQP_URL": "x"}
    assert not load(AuthSettings, needed).require_verified_email
    assert load(AuthSettings, {**needed, "AUTH_REQUIRE_VERIFIED_EMAIL": "true"}).require_verified_email


async def test_a_secret_works_once_however_many_use_it_at_once(
    auth: Replica, second: Replica, letters: Letters
) -> None:
    person = await auth.person()
    secret = await letters.verification(person.email)
    answers = await asyncio.gather(
        *(replica.post("email/verify", token=secret) for replica in (auth, second) * 3)
    )
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 5


async def test_a_secret_that_is_too_old_proves_nothing(auth: Replica, letters: Letters, clock: Clock) -> None:
    person = await auth.person()
    secret = await letters.verification(person.email)
    clock.advance(days=1)
    assert (await auth.post("email/verify", token=secret)).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "\x00", "ü", "' OR 1=1 --", "A" * 43])
async def test_a_made_up_secret_is_refused_without_a_reason(auth: Replica, token: str) -> None:
    answer = await auth.post("email/verify", token=token)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"] == [
        {"field": "token", "message": "is not valid, was used before or has expired"}
    ]


async def test_the_secret_of_a_password_reset_proves_no_address(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
    assert (await auth.post("email/verify", token=secret)).status_code == 400
    assert not await is_verified(person)


async def test_another_letter_can_be_asked_for_signed_in_or_by_address(
    auth: Replica, letters: Letters
) -> None:
    person = await auth.person()
    await letters.verification(person.email)
    answer = await auth.call("POST", "auth/email/resend", person.access_token)
    assert (answer.status_code, answer.content) == (202, b"")
    second = await letters.verification(person.email, 2)
    assert (await auth.post("email/resend", email=person.email)).status_code == 202
    await letters.verification(person.email, 3)
    assert (await auth.post("email/verify", token=second)).status_code == 204


async def test_without_a_token_and_an_address_nobody_is_meant(auth: Replica) -> None:
    answer = await auth.call("POST", "auth/email/resend")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_proven_address_gets_no_more_letters(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("email/verify", token=await letters.verification(person.email))
    assert (await person.call("POST", "auth/email/resend")).status_code == 202
    other = await auth.person()
    await letters.verification(other.email)
    assert len(letters.all) == 2, "letters keep their order, so a second one would have come before"


async def test_verifying_signs_nobody_in(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    answer = await auth.post("email/verify", token=await letters.verification(person.email))
    assert answer.content == b""
    assert "set-cookie" not in answer.headers


async def test_whoever_is_let_inside_is_described_as_they_are_by_now(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    before = (await auth.introspect(person.access_token)).json()
    assert (before["email_verified"], before["access_token"]) == (False, person.access_token)
    await auth.post("email/verify", token=await letters.verification(person.email))
    after = (await auth.introspect(person.access_token)).json()
    assert after["email_verified"] is True
    assert after["access_token"] != person.access_token, "the old one still says that it is not verified"
    assert (after["sid"], after["exp"]) == (before["sid"], before["exp"])
    again = (await auth.introspect(after["access_token"])).json()
    assert again["access_token"] == after["access_token"]


async def test_after_the_address_was_changed_the_old_letter_proves_nothing(
    auth: Replica, letters: Letters
) -> None:
    person = await auth.person()
    old = await letters.verification(person.email)
    changed = await person.call("PATCH", "auth/me", email="new@example.org", current_password=PASSWORD)
    assert changed.status_code == 200
    assert (await auth.post("email/verify", token=old)).status_code == 400
    assert not await is_verified(person)
    assert (
        await auth.post("email/verify", token=await letters.verification("new@example.org"))
    ).status_code == 204
    assert await is_verified(person)


async def test_a_letter_written_while_the_address_changed_proves_nothing(
    auth: Replica, letters: Letters, postgres_url: str
) -> None:
    person = await auth.person()
    late = await letters.verification(person.email)
    async with opened(postgres_url) as database, database.transaction() as session:
        moved = "UPDATE auth.users SET email = 'new@example.org', email_canonical = 'new@example.org'"
        await session.execute(text(moved))
    assert (await auth.post("email/verify", token=late)).status_code == 400
    assert not await is_verified(person)
