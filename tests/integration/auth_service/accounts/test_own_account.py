"""Changing password and address, and deleting the account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from shared.contracts.events import AccountDeleted, PasswordChanged, PasswordWasReset, SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica
from tests.integration.auth_service.sql import opened
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

NEW = "another correct horse"


@pytest.fixture
async def deleted_accounts(broker: MemoryBroker) -> AsyncIterator[list[str]]:
    """Ids of deleted accounts, as converter_service receives them."""
    received: list[str] = []

    async def receive(event: AccountDeleted | PasswordWasReset, _: Delivery) -> None:
        if isinstance(event, AccountDeleted):
            received.append(event.user_id)

    kinds = CONVERTER_ACCOUNTS.events
    consumer = broker.consumer(CONVERTER_ACCOUNTS, Handlers(dict.fromkeys(kinds, receive), expected=kinds))
    running = asyncio.create_task(consumer.run())
    yield received
    await consumer.stop(timedelta(seconds=1))
    await running


async def test_a_password_change_ends_every_other_session(
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
    await until(lambda: len(revoked) == 1, what="events for the other session")


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
        ("PATCH", "auth/me", {"current_password": PASSWORD}),
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
async def test_missing_and_unknown_fields_are_refused(
    auth: Replica, method: str, path: str, body: dict[str, object]
) -> None:
    person = await auth.person()
    answer = await person.call(method, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    me = (await auth.me(person.access_token)).json()
    assert (me["email"], me["roles"]) == (person.email, ["user"])


async def test_a_new_password_is_notified(auth: Replica, mails: AccountMails, clock: Clock) -> None:
    """Otherwise a takeover with a stolen password would go unnoticed (ASVS 5.0 §6.3.7)."""
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)
    assert (await mails.notice(PasswordChanged, person.email)).changed_at == clock.now()


async def test_an_unverified_address_gets_no_notice(auth: Replica, mails: AccountMails) -> None:
    """With AUTH_REQUIRE_VERIFIED_EMAIL only verified addresses get notices; their number is limited."""
    person = await auth.person()
    passwords = [PASSWORD, NEW] * 3
    for current, wanted in pairwise(passwords[:2]):
        await person.call("POST", "auth/password/change", current_password=current, password=wanted)
    await mails.verification((await auth.person()).email)  # events keep their order
    assert mails.of(PasswordChanged, person.email) == []
    await auth.verify(await mails.verification(person.email), NEW)
    for current, wanted in pairwise(passwords[1:]):
        await person.call("POST", "auth/password/change", current_password=current, password=wanted)
    await mails.verification((await auth.person()).email)
    assert len(mails.of(PasswordChanged, person.email)) == 3


async def test_a_new_password_must_be_a_strong_one(auth: Replica) -> None:
    person = await auth.person()
    for weak in ("short", "password123", person.email, person.email.partition("@")[0]):
        answer = await person.call("POST", "auth/password/change", current_password=PASSWORD, password=weak)
        assert (answer.status_code, answer.json()["code"]) == (422, "weak_password"), weak


async def test_a_deleted_account_leaves_no_rows_and_its_tokens_are_revoked_at_once(
    auth: Replica,
    second: Replica,
    postgres_url: str,
    mails: AccountMails,
    revoked: list[SessionRevoked],
    deleted_accounts: list[str],
) -> None:
    person, elsewhere = await auth.person(), Person(auth)
    elsewhere.email = person.email
    await elsewhere.sign_in()
    identity = await person.identity()
    key = (await person.call("POST", "auth/api-keys", name="ci")).json()
    await auth.post("password/forgot", email=person.email)
    await mails.reset(person.email)

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
    await until(lambda: deleted_accounts == [identity], what="converter_service receives AccountDeleted")
    await until(lambda: len(revoked) == 3, what="SessionRevoked arrives")
    assert key["id"] in {event.session_id for event in revoked}
    assert (await auth.register(person.email)).status_code == 201


async def test_two_concurrent_deletions_delete_an_account_once(
    auth: Replica, second: Replica, deleted_accounts: list[str]
) -> None:
    person = await auth.person()
    answers = await asyncio.gather(
        *(
            replica.call("DELETE", "auth/me", person.access_token, password=PASSWORD)
            for replica in (auth, second)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    await until(lambda: deleted_accounts, what="converter_service receives AccountDeleted")
    assert len(deleted_accounts) == 1


async def test_without_a_token_there_is_no_own_account(auth: Replica) -> None:
    for answer in (
        await auth.call("PATCH", "auth/me", email="new@example.org", current_password=PASSWORD),
        await auth.call("DELETE", "auth/me", password=PASSWORD),
        await auth.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW),
    ):
        assert answer.status_code == 401, answer.url
