"""Password reset: equal responses for all addresses, single-use links, revoked sessions."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer, MailPolicy
from shared.contracts.events import (
    AccountClaimed,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordResetRequested,
    SessionRevoked,
)
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica, running, settings
from tests.integration.auth_service.sql import opened
from tests.support.wait import until

NEW = "another correct horse"


async def test_a_reset_replaces_the_password_and_revokes_all_sessions(
    auth: Replica, mails: AccountMails, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    first = person.access_token
    await person.sign_in()
    await auth.post("password/forgot", email=person.email.upper())
    secret = await mails.reset(person.email)
    answer = await auth.post("password/reset", token=secret, password=NEW)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in (first, person.access_token):
        assert not await auth.is_active(token)
    assert (await auth.refresh(person.refresh_token)).status_code == 401
    assert (await auth.login(person.email)).status_code == 401
    assert (await auth.login(person.email, NEW)).status_code == 200
    await until(lambda: len(revoked) == 2, what="events for both sessions")


async def test_the_response_is_the_same_with_and_without_an_account(auth: Replica) -> None:
    person = await auth.person()
    answers = [
        await auth.post(action, email=email)
        for action in ("password/forgot", "email/resend")
        for email in (person.email, "nobody@example.org", "no address", "x\x00@example.org")
    ]
    assert {answer.status_code for answer in answers} == {202}
    headers = [dict(answer.headers) for answer in answers]
    for each in headers:
        del each["x-request-id"]
    assert all(each == headers[0] for each in headers)
    assert {answer.content for answer in answers} == {b""}


async def test_a_request_is_the_same_work_with_and_without_an_account(
    postgres_url: str, clock: Clock
) -> None:
    """Both insert one row without a lookup; the background task decides which becomes a mail."""
    async with running(settings(postgres_url), clock) as replica:
        await replica.ready()
        person = await replica.person()
    async with opened(postgres_url) as database:
        mailer = mailer_of(database, clock)
        await mailer.process_requests()
        for email in (person.email, "nobody@example.org"):
            async with database.transaction() as session:
                await mailer.request(session, Purpose.RESET_PASSWORD, email)
        async with database.transaction() as session:
            asked = (await session.scalars(text("SELECT address FROM auth.mail_requests"))).all()
            assert sorted(asked) == sorted([person.email, "nobody@example.org"])
        assert await mailer.process_requests() == 2
        assert await mailer.process_requests() == 0
        async with database.transaction() as session:
            written = text("SELECT count(*) FROM auth.mail_tokens WHERE purpose = 'reset_password'")
            assert await session.scalar(written) == 1


async def test_each_request_is_processed_by_one_replica(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database:
        mailers = [mailer_of(database, clock) for _ in range(3)]
        for _ in range(3):
            async with database.transaction() as session:
                await mailers[0].request(session, Purpose.RESET_PASSWORD, person.email)
        await asyncio.gather(*(mailer.process_requests() for mailer in mailers))
        async with database.transaction() as session:
            written = text("SELECT count(*) FROM auth.mail_tokens WHERE purpose = 'reset_password'")
            assert await session.scalar(written) == 3


def mailer_of(database: Database, clock: Clock) -> AccountMailer:
    policy = MailPolicy({purpose: timedelta(hours=1) for purpose in Purpose}, 3)
    events = EventWriter(now=clock.now, new_id=uuid4, wake_relay=lambda: None)
    return AccountMailer(database=database, events=events, policy=policy, now=clock.now)


async def test_a_link_works_once_under_concurrent_use(
    auth: Replica, second: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    passwords = [f"{NEW} {number}" for number in range(6)]
    answers = await asyncio.gather(
        *(
            replica.post("password/reset", token=secret, password=password)
            for replica, password in zip((auth, second) * 3, passwords, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 5
    [won] = [p for p, a in zip(passwords, answers, strict=True) if a.status_code == 204]
    assert (await auth.login(person.email, won)).status_code == 200


async def test_a_weak_password_does_not_spend_the_link(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    for weak in ("short", "password123", person.email):
        answer = await auth.post("password/reset", token=secret, password=weak)
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    assert (await auth.post("password/reset", token=secret, password=NEW)).status_code == 204


async def test_an_expired_link_and_one_for_another_purpose_are_refused(
    auth: Replica, mails: AccountMails, clock: Clock
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    for wrong in (await mails.verification(person.email), person.refresh_token, "A" * 43, ""):
        assert (await auth.post("password/reset", token=wrong, password=NEW)).status_code == 400
    clock.advance(hours=1)
    answer = await auth.post("password/reset", token=secret, password=NEW)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await auth.login(person.email)).status_code == 200


async def test_a_reset_invalidates_all_earlier_links(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    for _ in range(2):
        await auth.post("password/forgot", email=person.email)
    first, second = await mails.reset(person.email), await mails.reset(person.email, 2)
    assert (await auth.post("password/reset", token=first, password=NEW)).status_code == 204
    assert (await auth.post("password/reset", token=second, password=PASSWORD)).status_code == 400


async def test_a_password_change_invalidates_reset_links(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    assert (await auth.post("password/reset", token=secret, password=PASSWORD)).status_code == 400


async def test_a_reset_verifies_the_address(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    await auth.post("password/reset", token=await mails.reset(person.email), password=NEW)
    await person.sign_in(NEW)
    assert (await auth.me(person.access_token)).json()["email_verified"] is True
    await mails.notice(PasswordChanged, person.email)


async def test_a_reset_deletes_api_keys_of_an_account_with_an_unverified_address(
    auth: Replica, mails: AccountMails, revoked: list[SessionRevoked]
) -> None:
    """An attacker registers a victim's address, creates an API key, and waits for a password reset."""
    thief = await auth.person()
    made = (await thief.call("POST", "auth/api-keys", name="trojan")).json()
    assert await auth.is_active(made["key"])
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await mails.reset(thief.email), password=NEW)
    assert not await auth.is_active(made["key"])
    await until(lambda: made["id"] in {each.session_id for each in revoked}, what="SessionRevoked")


async def test_such_a_reset_announces_the_ended_sessions_and_keys(
    auth: Replica, mails: AccountMails, claimed: list[AccountClaimed], clock: Clock
) -> None:
    thief = await auth.person()
    key = (await thief.call("POST", "auth/api-keys", name="trojan")).json()
    (session,) = (await thief.call("GET", "auth/sessions")).json()["items"]
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await mails.reset(thief.email), password=NEW)
    await until(lambda: claimed, what="AccountClaimed")
    assert set(claimed[0].ended) == {key["id"], session["id"]}
    assert claimed[0].claimed_at == clock.now()
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await mails.reset(thief.email, 2), password=PASSWORD)
    await until(lambda: len(mails.of(PasswordChanged, thief.email)) == 2, what="both mails")
    assert len(claimed) == 1


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_reset_keeps_the_api_keys_of_an_account_with_a_verified_address_only_on_request(
    auth: Replica, mails: AccountMails, keeps: bool
) -> None:
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    made = (await person.call("POST", "auth/api-keys", name="nightly")).json()
    await auth.post("password/forgot", email=person.email)
    token = await mails.reset(person.email)
    await auth.post("password/reset", token=token, password=NEW, keep_api_keys=keeps)
    assert await auth.is_active(made["key"]) is keeps


async def test_an_address_gets_three_mails_an_hour(auth: Replica, mails: AccountMails, clock: Clock) -> None:
    person = await auth.person()
    for _ in range(8):
        assert (await auth.post("password/forgot", email=person.email)).status_code == 202
    await mails.reset(person.email, 3)
    other = await auth.person()
    await mails.verification(other.email)
    assert len(mails.of(PasswordResetRequested, person.email)) == 3
    clock.advance(hours=1)
    await auth.post("password/forgot", email=person.email)
    await mails.reset(person.email, 4)


async def test_repeated_registration_and_deletion_does_not_evade_the_mail_limit(
    auth: Replica, mails: AccountMails
) -> None:
    email = "victim@example.org"
    for _ in range(6):
        await auth.register(email)
        token = (await auth.login(email)).json()["access_token"]
        gone = await auth.call("DELETE", "auth/me", token, password=PASSWORD)
        assert gone.status_code == 204
        other = await auth.person()
        await mails.verification(other.email)
    assert len([each for each in mails.all if getattr(each, "recipient", "") == email]) <= 3


async def test_tags_of_one_mailbox_do_not_evade_the_mail_limit(auth: Replica, mails: AccountMails) -> None:
    """Nine links and nine notices an hour, however many addresses lead to a mailbox: three times the limit of
    one address.
    """
    tagged = [f"victim+{number}@example.org" for number in range(5)]
    for email in tagged:
        await auth.register(email)
        for _ in range(2):
            await auth.post("email/resend", email=email)
        person = Person(auth, email)
        await person.sign_in()
        for _ in range(3):
            await person.call("POST", "auth/password/change", current_password=PASSWORD, password=PASSWORD)
    other = await auth.person()
    await mails.verification(other.email)
    assert sum(len(mails.of(EmailVerificationRequested, email)) for email in tagged) <= 9
    assert sum(len(mails.of(PasswordChanged, email)) for email in tagged) <= 9


async def test_a_disabled_account_gets_no_mail_and_its_link_is_refused(
    auth: Replica, mails: AccountMails, postgres_url: str
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET disabled_at = now()"))
    assert (await auth.post("password/reset", token=secret, password=NEW)).status_code == 400
    await auth.post("password/forgot", email=person.email)
    other = await auth.person()
    await mails.verification(other.email)
    assert len(mails.of(PasswordResetRequested, person.email)) == 1


async def test_the_database_does_not_contain_the_token_after_publishing(
    auth: Replica, mails: AccountMails, postgres_url: str
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)

    async def found() -> str:
        async with opened(postgres_url) as database, database.transaction() as session:
            tables = ("mail_tokens", "mail_requests", "outbox")
            return "".join(
                [repr((await session.execute(text(f"SELECT * FROM auth.{table}"))).all()) for table in tables]
            )

    async def published() -> bool:
        return secret not in await found()

    await until(published, what="the event has left the outbox")


def test_the_repr_of_an_event_hides_its_token(clock: Clock) -> None:
    event = PasswordResetRequested(
        user_id="1", recipient="a@example.org", token="the secret", expires_at=clock.now()
    )
    assert "the secret" not in f"{event!r} {event} {[event]}"


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": "a@example.org", "roles": ["admin"]}])
async def test_a_bad_body_is_refused(auth: Replica, body: dict[str, object]) -> None:
    assert (await auth.post("password/forgot", **body)).status_code == 400
