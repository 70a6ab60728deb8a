"""Changing and leaving one's own account: each asks for the password again, each ends what it should."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from shared.contracts.events import AccountDeleted, EmailChanged, PasswordChanged, SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS
from tests.integration.auth_service.letters import Letters
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica
from tests.integration.auth_service.rows import opened
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

NEW = "another correct horse"


@pytest.fixture
async def departed(broker: MemoryBroker) -> AsyncIterator[list[str]]:
    """Accounts whose belongings the converter is told to delete."""
    heard: list[str] = []

    async def hear(event: AccountDeleted, _: Delivery) -> None:
        heard.append(event.user_id)

    consumer = broker.consumer(
        CONVERTER_ACCOUNTS, Handlers({AccountDeleted: hear}, expected=CONVERTER_ACCOUNTS.events)
    )
    running = asyncio.create_task(consumer.run())
    yield heard
    await consumer.stop(timedelta(seconds=1))
    await running


async def test_a_changed_password_ends_every_other_session(
    auth: Replica, revoked: list[SessionRevoked]
) -> None:
    person, elsewhere = await auth.person(), Person(auth)
    elsewhere.email = person.email
    await elsewhere.sign_in()
    answer = await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await person.is_signed_in()
    await person.refresh()
    assert not await elsewhere.is_signed_in()
    assert (await auth.refresh(elsewhere.refresh_token)).status_code == 401
    assert (await auth.login(person.email)).status_code == 401
    assert (await auth.login(person.email, NEW)).status_code == 200
    await until(lambda: len(revoked) == 1, what="the news of the other session")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "auth/password/change", {"current_password": "wrong one", "password": NEW}),
        ("PATCH", "auth/me", {"current_password": "wrong one", "email": "new@example.org"}),
        ("DELETE", "auth/me", {"password": "wrong one"}),
    ],
)
async def test_without_the_password_nothing_changes(
    auth: Replica, method: str, path: str, body: dict[str, str]
) -> None:
    person = await auth.person()
    answer = await person.call(method, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert await person.is_signed_in()
    await person.sign_in()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "auth/me", {"email": "new@example.org"}),
        ("PATCH", "auth/me", {"current_password": PASSWORD, "email": "new@example.org", "roles": ["admin"]}),
        (
            "PATCH",
            "auth/me",
            {"current_password": PASSWORD, "email": "new@example.org", "email_verified": True},
        ),
        ("PATCH", "auth/me", {"current_password": PASSWORD, "email": "no address"}),
        ("POST", "auth/password/change", {"password": NEW}),
        ("DELETE", "auth/me", {}),
    ],
)
async def test_what_is_missing_or_not_ones_own_to_set_is_refused(
    auth: Replica, method: str, path: str, body: dict[str, object]
) -> None:
    person = await auth.person()
    answer = await person.call(method, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    me = (await auth.me(person.access_token)).json()
    assert (me["email"], me["roles"]) == (person.email, ["user"])


async def test_an_owner_is_told_of_a_new_password_and_at_the_old_address_of_a_new_one(
    auth: Replica, letters: Letters, clock: Clock
) -> None:
    """Or whoever has found out the password could take the account over unnoticed."""
    person = await auth.person()
    await auth.post("email/verify", token=await letters.verification(person.email))
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    assert (await letters.notice(PasswordChanged, person.email)).changed_at == clock.now()
    await person.call("PATCH", "auth/me", current_password=NEW, email="thief@example.org")
    assert "thief" not in str(await letters.notice(EmailChanged, person.email))
    assert letters.of(EmailChanged, "thief@example.org") == []


async def test_a_mailbox_that_may_be_a_strangers_is_not_told(auth: Replica, letters: Letters) -> None:
    """Where only verified addresses get mail; and nobody's is flooded."""
    person = await auth.person()
    passwords = [PASSWORD, NEW] * 3
    for current, wanted in pairwise(passwords[:2]):
        await person.call("POST", "auth/password/change", current_password=current, password=wanted)
    await letters.verification((await auth.person()).email)  # events keep their order
    assert letters.of(PasswordChanged, person.email) == []
    await auth.post("email/verify", token=await letters.verification(person.email))
    for current, wanted in pairwise(passwords[1:]):
        await person.call("POST", "auth/password/change", current_password=current, password=wanted)
    await letters.verification((await auth.person()).email)
    assert len(letters.of(PasswordChanged, person.email)) == 3


async def test_a_new_password_must_be_a_strong_one(auth: Replica) -> None:
    person = await auth.person()
    for weak in ("short", "password123", person.email, person.email.partition("@")[0]):
        answer = await person.call("POST", "auth/password/change", current_password=PASSWORD, password=weak)
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password"), weak


async def test_a_new_address_is_unverified_and_the_one_to_sign_in_with(
    auth: Replica, letters: Letters
) -> None:
    person = await auth.person()
    await auth.post("email/verify", token=await letters.verification(person.email))
    answer = await person.call("PATCH", "auth/me", current_password=PASSWORD, email="New@Example.org")
    assert answer.status_code == 200
    assert (answer.json()["email"], answer.json()["email_verified"]) == ("New@Example.org", False)
    assert (await auth.introspect(person.access_token)).json()["email"] == "New@Example.org"
    assert (await auth.login(person.email)).status_code == 401
    assert (await auth.login("new@example.org")).status_code == 200
    assert (await auth.register(person.email)).status_code == 201, "the old address is free"


async def test_only_the_case_of_an_address_changes_nothing_about_it(auth: Replica, letters: Letters) -> None:
    person = await auth.person()
    await auth.post("email/verify", token=await letters.verification(person.email))
    answer = await person.call("PATCH", "auth/me", current_password=PASSWORD, email=person.email.upper())
    assert (answer.json()["email"], answer.json()["email_verified"]) == (person.email.upper(), True)


async def test_an_address_that_is_taken_cannot_be_had(auth: Replica, second: Replica) -> None:
    person, other = await auth.person(), await auth.person()
    answer = await person.call("PATCH", "auth/me", current_password=PASSWORD, email=other.email.upper())
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await auth.me(person.access_token)).json()["email"] == person.email


async def test_of_two_who_want_one_address_at_once_one_gets_it(auth: Replica, second: Replica) -> None:
    people = [await auth.person(), await second.person()]
    answers = await asyncio.gather(
        *(
            each.call("PATCH", "auth/me", current_password=PASSWORD, email="new@example.org")
            for each in people
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_deleted_account_leaves_nothing_and_ends_everywhere_at_once(
    auth: Replica,
    second: Replica,
    postgres_url: str,
    letters: Letters,
    revoked: list[SessionRevoked],
    departed: list[str],
) -> None:
    person, elsewhere = await auth.person(), Person(auth)
    elsewhere.email = person.email
    await elsewhere.sign_in()
    identity = await person.identity()
    key = (await person.call("POST", "auth/api-keys", name="ci")).json()
    await auth.post("password/forgot", email=person.email)
    await letters.reset(person.email)

    answer = await person.call("DELETE", "auth/me", password=PASSWORD)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in (person.access_token, elsewhere.access_token, key["key"]):
        assert not await second.is_active(token)
    for refresh_token in (person.refresh_token, elsewhere.refresh_token):
        assert (await second.refresh(refresh_token)).status_code == 401
    assert (await auth.login(person.email)).json()["code"] == "invalid_credentials"
    async with opened(postgres_url) as database, database.transaction() as session:
        for table in ("users", "sessions", "refresh_tokens", "api_keys", "mail_tokens", "known_networks"):
            assert await session.scalar(text(f"SELECT count(*) FROM auth.{table}")) == 0, table
    await until(lambda: departed == [identity], what="the converter is told")
    await until(lambda: len(revoked) == 3, what="every gateway is told")
    assert key["id"] in {event.session_id for event in revoked}
    assert (await auth.register(person.email)).status_code == 201


async def test_two_who_delete_one_account_at_once_delete_it_once(
    auth: Replica, second: Replica, departed: list[str]
) -> None:
    person = await auth.person()
    answers = await asyncio.gather(
        *(
            replica.call("DELETE", "auth/me", person.access_token, password=PASSWORD)
            for replica in (auth, second)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    await until(lambda: departed, what="the converter is told")
    assert len(departed) == 1


async def test_without_a_token_there_is_no_own_account(auth: Replica) -> None:
    for answer in (
        await auth.call("PATCH", "auth/me", email="new@example.org", current_password=PASSWORD),
        await auth.call("DELETE", "auth/me", password=PASSWORD),
        await auth.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW),
    ):
        assert answer.status_code == 401, answer.url
