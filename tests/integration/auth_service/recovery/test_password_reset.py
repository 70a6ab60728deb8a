"""A forgotten password: the same answer for everybody, a secret that works once, nobody signed in by it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import MailPolicy, Postman
from auth_service.repository import Store
from auth_service.sessions.revocation import Revoking
from shared.contracts.events import (
    AccountClaimed,
    AccountDeleted,
    PasswordChanged,
    PasswordResetRequested,
    SessionRevoked,
)
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS
from tests.integration.auth_service.letters import Letters
from tests.integration.auth_service.replica import PASSWORD, Clock, Replica, running, settings
from tests.integration.auth_service.rows import opened
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

NEW = "another correct horse"


@pytest.fixture
async def claimed(broker: MemoryBroker) -> AsyncIterator[list[AccountClaimed]]:
    """What notification_service hears of accounts."""
    heard: list[AccountClaimed] = []

    async def hear(event: AccountDeleted | AccountClaimed, _: Delivery) -> None:
        if isinstance(event, AccountClaimed):
            heard.append(event)

    kinds = NOTIFICATION_ACCOUNTS.events
    consumer = broker.consumer(NOTIFICATION_ACCOUNTS, Handlers(dict.fromkeys(kinds, hear), expected=kinds))
    running = asyncio.create_task(consumer.run())
    yield heard
    await consumer.stop(timedelta(seconds=1))
    await running


async def test_a_forgotten_password_is_replaced_and_every_session_ends(
    auth: Replica, letters: Letters, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    first = person.access_token
    await person.sign_in()
    await auth.post("password/forgot", email=person.email.upper())
    secret = await letters.reset(person.email)
    answer = await auth.post("password/reset", token=secret, password=NEW)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in (first, person.access_token):
        assert not await auth.is_active(token)
    assert (await auth.refresh(person.refresh_token)).status_code == 401
    assert (await auth.login(person.email)).status_code == 401
    assert (await auth.login(person.email, NEW)).status_code == 200
    await until(lambda: len(revoked) == 2, what="the news of both sessions")


async def test_the_answer_is_the_same_whether_or_not_there_is_an_account(auth: Replica) -> None:
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


async def test_asking_is_the_same_work_whether_or_not_there_is_an_account(
    postgres_url: str, clock: Clock
) -> None:
    """Both write one row and look nothing up; which of them becomes a letter is decided when nobody waits."""
    async with running(settings(postgres_url), clock) as replica:
        await replica.ready()
        person = await replica.person()
    async with opened(postgres_url) as database:
        postman = postman_of(Store(database), clock)
        await postman.round()
        for email in (person.email, "nobody@example.org"):
            async with Store(database).transaction() as repository:
                await postman.ask(repository, Purpose.RESET_PASSWORD, email)
        async with database.transaction() as session:
            asked = (await session.scalars(text("SELECT address FROM auth.mail_requests"))).all()
            assert sorted(asked) == sorted([person.email, "nobody@example.org"])
        assert await postman.round() == 2
        assert await postman.round() == 0
        async with database.transaction() as session:
            written = text("SELECT count(*) FROM auth.mail_tokens WHERE purpose = 'reset_password'")
            assert await session.scalar(written) == 1


async def test_of_several_replicas_one_answers_each_request(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database:
        store = Store(database)
        postmen = [postman_of(store, clock) for _ in range(3)]
        for _ in range(3):
            async with store.transaction() as repository:
                await postmen[0].ask(repository, Purpose.RESET_PASSWORD, person.email)
        await asyncio.gather(*(postman.round() for postman in postmen))
        async with database.transaction() as session:
            written = text("SELECT count(*) FROM auth.mail_tokens WHERE purpose = 'reset_password'")
            assert await session.scalar(written) == 3


def postman_of(store: Store, clock: Clock) -> Postman:
    policy = MailPolicy({purpose: timedelta(hours=1) for purpose in Purpose}, 3)
    revoking = Revoking(now=clock.now, new_id=uuid4)
    return Postman(store=store, revoking=revoking, policy=policy, now=clock.now, announced=lambda: None)


async def test_a_secret_works_once_however_many_use_it_at_once(
    auth: Replica, second: Replica, letters: Letters
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
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


async def test_a_weak_password_does_not_use_up_the_secret(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
    for weak in ("short", "password123", person.email):
        answer = await auth.post("password/reset", token=secret, password=weak)
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    assert (await auth.post("password/reset", token=secret, password=NEW)).status_code == 204


async def test_a_secret_that_is_too_old_or_for_something_else_sets_nothing(
    auth: Replica, letters: Letters, clock: Clock
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
    for wrong in (await letters.verification(person.email), person.refresh_token, "A" * 43, ""):
        assert (await auth.post("password/reset", token=wrong, password=NEW)).status_code == 400
    clock.advance(hours=1)
    answer = await auth.post("password/reset", token=secret, password=NEW)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await auth.login(person.email)).status_code == 200


async def test_one_reset_makes_all_earlier_secrets_worthless(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    for _ in range(2):
        await auth.post("password/forgot", email=person.email)
    first, second = await letters.reset(person.email), await letters.reset(person.email, 2)
    assert (await auth.post("password/reset", token=first, password=NEW)).status_code == 204
    assert (await auth.post("password/reset", token=second, password=PASSWORD)).status_code == 400


async def test_changing_the_password_makes_them_worthless_too(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    assert (await auth.post("password/reset", token=secret, password=PASSWORD)).status_code == 400


async def test_whoever_reset_by_mail_has_proven_the_address(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    await auth.post("password/reset", token=await letters.reset(person.email), password=NEW)
    await person.sign_in(NEW)
    assert (await auth.me(person.access_token)).json()["email_verified"] is True
    await letters.notice(PasswordChanged, person.email)


async def test_keys_made_before_anybody_proved_the_address_die_with_a_reset(
    auth: Replica, letters: Letters, revoked: list[SessionRevoked]
) -> None:
    """Somebody registers another's address, makes a key and waits for the owner to recover the account."""
    thief = await auth.person()
    made = (await thief.call("POST", "auth/api-keys", name="trojan")).json()
    assert await auth.is_active(made["key"])
    inside = (await auth.introspect(made["key"])).json()["access_token"]
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await letters.reset(thief.email), password=NEW)
    assert not await auth.is_active(made["key"])
    assert not await auth.is_active(inside)
    await until(lambda: made["id"] in {each.session_id for each in revoked}, what="the gateways are told")


async def test_with_it_others_are_told_whose_webhooks_are_not_its_owners(
    auth: Replica, letters: Letters, claimed: list[AccountClaimed], clock: Clock
) -> None:
    thief = await auth.person()
    key = (await thief.call("POST", "auth/api-keys", name="trojan")).json()
    (session,) = (await thief.call("GET", "auth/sessions")).json()["items"]
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await letters.reset(thief.email), password=NEW)
    await until(lambda: claimed, what="the news of it")
    assert set(claimed[0].ended) == {key["id"], session["id"]}
    assert claimed[0].claimed_at == clock.now()
    await auth.post("password/forgot", email=thief.email)
    await auth.post("password/reset", token=await letters.reset(thief.email, 2), password=PASSWORD)
    await until(lambda: len(letters.of(PasswordChanged, thief.email)) == 2, what="both letters")
    assert len(claimed) == 1


async def test_keys_of_who_has_proven_the_address_outlive_a_reset(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("email/verify", token=await letters.verification(person.email))
    made = (await person.call("POST", "auth/api-keys", name="nightly")).json()
    await auth.post("password/forgot", email=person.email)
    await auth.post("password/reset", token=await letters.reset(person.email), password=NEW)
    assert await auth.is_active(made["key"])


async def test_a_mailbox_gets_three_letters_an_hour_whoever_asks(
    auth: Replica, letters: Letters, clock: Clock
) -> None:
    person = await auth.person()
    for _ in range(8):
        assert (await auth.post("password/forgot", email=person.email)).status_code == 202
    await letters.reset(person.email, 3)
    other = await auth.person()
    await letters.verification(other.email)
    assert len(letters.of(PasswordResetRequested, person.email)) == 3
    clock.advance(hours=1)
    await auth.post("password/forgot", email=person.email)
    await letters.reset(person.email, 4)


async def test_registering_and_deleting_again_and_again_floods_no_mailbox(
    auth: Replica, letters: Letters
) -> None:
    email = "victim@example.org"
    for _ in range(6):
        await auth.register(email)
        token = (await auth.login(email)).json()["access_token"]
        gone = await auth.call("DELETE", "auth/me", token, password=PASSWORD)
        assert gone.status_code == 204
        other = await auth.person()
        await letters.verification(other.email)
    assert len([each for each in letters.all if getattr(each, "recipient", "") == email]) <= 3


async def test_a_disabled_account_gets_no_letter_and_its_secret_is_void(
    auth: Replica, letters: Letters, postgres_url: str
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET disabled_at = now()"))
    assert (await auth.post("password/reset", token=secret, password=NEW)).status_code == 400
    await auth.post("password/forgot", email=person.email)
    other = await auth.person()
    await letters.verification(other.email)
    assert len(letters.of(PasswordResetRequested, person.email)) == 1


async def test_the_store_holds_no_secret_once_its_letter_is_on_its_way(
    auth: Replica, letters: Letters, postgres_url: str
) -> None:
    person = await auth.person()
    await auth.post("password/forgot", email=person.email)
    secret = await letters.reset(person.email)

    async def found() -> str:
        async with opened(postgres_url) as database, database.transaction() as session:
            tables = ("mail_tokens", "mail_requests", "outbox")
            return "".join(
                [repr((await session.execute(text(f"SELECT * FROM auth.{table}"))).all()) for table in tables]
            )

    async def published() -> bool:
        return secret not in await found()

    await until(published, what="the event has left the outbox")


def test_an_event_with_a_secret_does_not_show_it_when_printed(clock: Clock) -> None:
    event = PasswordResetRequested(
        user_id="1", recipient="a@example.org", token="the secret", expires_at=clock.now()
    )
    assert "the secret" not in f"{event!r} {event} {[event]}"


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": "a@example.org", "roles": ["admin"]}])
async def test_a_bad_body_is_refused(auth: Replica, body: dict[str, object]) -> None:
    assert (await auth.post("password/forgot", **body)).status_code == 400
