"""Fresh proofs: a stolen access token alone creates nothing that outlives it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.contracts.events import EmailChanged, SecurityEventOccurred, WebhookChanged
from shared.messaging.envelope import Envelope, wrap
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import (
    PASSWORD,
    SECRET,
    Clock,
    Person,
    Replica,
    basic,
    calling_from,
)
from tests.integration.auth_service.sql import opened
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

FORWARDED = calling_from("192.0.2.1")


async def elsewhere(person: Person) -> str:
    """The id of another session of the account."""
    await person.replica.login(person.email)
    listed = (await person.call("GET", "auth/sessions")).json()["items"]
    return str(next(each["id"] for each in listed if not each["current"]))


async def link_identity(person: Person, url: str) -> str:
    async with opened(url) as database, database.transaction() as session:
        linked = (
            "INSERT INTO auth.identities (issuer, subject, user_id, created_at, last_used_at)"
            " SELECT 'https://issuer.example', 'me', id, now(), now() FROM auth.users"
        )
        await session.execute(text(linked))
    return str((await person.call("GET", "auth/identities")).json()["items"][0]["id"])


Call = Callable[[Person, str, dict[str, Any]], Awaitable[httpx.Response]]


async def create_key(person: Person, _: str, more: dict[str, Any]) -> httpx.Response:
    return await person.call("POST", "auth/api-keys", name="ci", **more)


async def change_address(person: Person, _: str, more: dict[str, Any]) -> httpx.Response:
    return await person.call("PATCH", "auth/me", email="thief@example.org", **more)


async def end_session(person: Person, _: str, more: dict[str, Any]) -> httpx.Response:
    return await person.call("DELETE", f"auth/sessions/{await elsewhere(person)}", **more)


async def unlink(person: Person, url: str, more: dict[str, Any]) -> httpx.Response:
    return await person.call("DELETE", f"auth/identities/{await link_identity(person, url)}", **more)


async def announce_webhook(person: Person, _: str, more: dict[str, Any]) -> httpx.Response:
    path, body = "auth/webhook-changes", {"change": "webhook_created", **more}
    return await person.replica.call("POST", path, person.access_token, headers=FORWARDED, **body)


SENSITIVE: list[Call] = [create_key, change_address, end_session, unlink, announce_webhook]


@pytest.mark.parametrize("call", SENSITIVE)
async def test_a_stolen_token_without_the_password_is_refused_and_says_what_to_do(
    auth: Replica, clock: Clock, postgres_url: str, mails: AccountMails, call: Call
) -> None:
    person = await auth.person()
    clock.advance(minutes=5, seconds=1)
    refused = await call(person, postgres_url, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert "/v1/auth/proof" in refused.json()["detail"]
    await person.refresh()
    assert (await person.call("POST", "auth/api-keys", name="ci")).status_code == 403, "a refresh is no proof"
    await mails.verification((await auth.person()).email)  # events keep their order
    assert not [each for each in mails.all if isinstance(each, SecurityEventOccurred | EmailChanged)]


@pytest.mark.parametrize("call", SENSITIVE)
async def test_a_login_of_the_last_five_minutes_is_a_proof(
    auth: Replica, clock: Clock, postgres_url: str, call: Call
) -> None:
    person = await auth.person()
    clock.advance(minutes=5)
    assert (await call(person, postgres_url, {})).is_success


@pytest.mark.parametrize("call", SENSITIVE)
async def test_the_current_password_in_the_body_is_a_proof_and_a_wrong_one_is_none(
    auth: Replica, clock: Clock, postgres_url: str, call: Call
) -> None:
    person = await auth.person()
    clock.advance(minutes=6)
    wrong = await call(person, postgres_url, {"current_password": "a guess of mine"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("DELETE FROM auth.identities"))
    assert (await call(person, postgres_url, {"current_password": PASSWORD})).is_success


async def test_a_proof_by_password_opens_this_session_for_five_minutes_and_no_other(
    auth: Replica, second: Replica, clock: Clock
) -> None:
    person, thief = await auth.person(), Person(auth)
    thief.email = person.email
    await thief.sign_in()
    clock.advance(minutes=6)
    wrong = await person.call("POST", "auth/proof", password="a guess of mine")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert (await create_key(person, "", {})).status_code == 403
    proven = await person.call("POST", "auth/proof", password=PASSWORD)
    assert (proven.status_code, proven.content) == (204, b"")
    assert (await second.call("POST", "auth/api-keys", person.access_token, name="ci")).status_code == 201
    assert (await create_key(thief, "", {})).status_code == 403
    clock.advance(minutes=5, seconds=1)
    assert (await create_key(person, "", {})).status_code == 403


async def test_guessing_a_password_by_proofs_is_throttled(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    clock.advance(minutes=6)
    answers = [await person.call("POST", "auth/proof", password=f"guess {each}") for each in range(12)]
    assert (answers[0].status_code, answers[-1].status_code) == (401, 429)


async def test_reading_and_ending_what_one_has_needs_no_proof(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    key = (await create_key(person, "", {})).json()
    clock.advance(minutes=6)
    for path in ("auth/me", "auth/sessions", "auth/api-keys", "auth/identities", "auth/activity"):
        assert (await person.call("GET", path)).status_code == 200, path
    assert (await person.call("DELETE", f"auth/api-keys/{key['id']}")).status_code == 204
    own = (await person.call("GET", "auth/sessions")).json()["items"][0]["id"]
    assert (await person.call("DELETE", f"auth/sessions/{own}")).status_code == 204, "a logout"


async def test_an_api_key_with_the_scope_for_webhooks_needs_no_proof(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    key = (await create_key(person, "", {})).json()["key"]
    clock.advance(minutes=6)
    body = {"change": "webhook_created"}
    answer = await auth.call("POST", "auth/webhook-changes", key, headers=FORWARDED, **body)
    assert answer.status_code == 204


async def test_a_deleted_webhook_needs_no_proof_and_is_in_the_activity(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    clock.advance(minutes=6)
    body = {"change": "webhook_deleted"}
    answer = await auth.call("POST", "auth/webhook-changes", person.access_token, headers=FORWARDED, **body)
    assert answer.status_code == 204
    newest = (await person.call("GET", "auth/activity")).json()["items"][0]
    assert (newest["event"], newest["result"]) == ("webhook_deleted", "succeeded")


async def test_only_the_gateway_announces_changes_of_webhooks(auth: Replica) -> None:
    person = await auth.person()
    body = {"change": "webhook_created"}
    for headers in ({}, {"Tonegate-Gateway-Authorization": basic("gateway", "x" + SECRET)["Authorization"]}):
        answer = await auth.call("POST", "auth/webhook-changes", person.access_token, headers=headers, **body)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (create_key, "api_key_created"),
        (end_session, "session_ended"),
        (unlink, "identity_unlinked"),
    ],
)
async def test_a_mail_tells_of_each_change_without_a_secret(
    auth: Replica, mails: AccountMails, postgres_url: str, call: Call, change: str
) -> None:
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    answer = await call(person, postgres_url, {})
    notice = await mails.notice(SecurityEventOccurred, person.email)
    assert notice.event == change
    assert "tng_" not in repr(notice)
    assert answer.is_success


def changed(person_id: str, change: str = "webhook_created") -> Envelope:
    event = WebhookChanged(user_id=person_id, change=change, changed_at=datetime(2026, 11, 20, tzinfo=UTC))
    return wrap(event, "/notification_service", person_id)


async def test_an_announced_change_of_a_webhook_is_mailed_only_once_it_is_made(
    auth: Replica, mails: AccountMails, postgres_url: str, broker: MemoryBroker
) -> None:
    """notification_service may refuse what was announced."""
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    assert (await announce_webhook(person, postgres_url, {})).status_code == 204
    await mails.verification((await auth.person()).email)  # events keep their order
    assert not mails.of(SecurityEventOccurred, person.email)
    await broker.publish(changed(await person.identity()))
    assert (await mails.notice(SecurityEventOccurred, person.email)).event == "webhook_created"


async def test_a_repeated_event_has_the_same_mail(
    auth: Replica, mails: AccountMails, postgres_url: str, broker: MemoryBroker
) -> None:
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    event = changed(await person.identity())
    for _ in range(2):
        await broker.publish(event)
    await until(lambda: len(mails.of(SecurityEventOccurred, person.email)) == 2, what="both are written")
    assert len(set(mails.ids[-2:])) == 1, "notification_service sends one mail for each id"


@pytest.mark.parametrize("change", ["password_changed_by_magic", ""])
async def test_a_malformed_change_is_a_dead_letter(auth: Replica, broker: MemoryBroker, change: str) -> None:
    person = await auth.person()
    await broker.publish(changed(await person.identity(), change))
    await until(lambda: broker.dead_letters, what="the dead letter")
