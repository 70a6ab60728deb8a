"""Changing the address: pending until the mailed link is confirmed, and silent about other accounts."""

import asyncio

import httpx
import pytest

from shared.contracts.events import (
    EmailChanged,
    EmailVerificationRequested,
    SecurityEventOccurred,
)
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica

NEW = "New@Example.org"
OTHER_PASSWORD = "another correct horse"


async def change(person: Person, email: str = NEW) -> httpx.Response:
    return await person.call("PATCH", "auth/me", current_password=PASSWORD, email=email)


async def me(person: Person) -> tuple[str, bool, str | None]:
    account = (await person.replica.me(person.access_token)).json()
    return account["email"], account["email_verified"], account["pending_email"]


async def verified(auth: Replica, mails: AccountMails) -> Person:
    person = await auth.person()
    assert (await auth.verify(await mails.verification(person.email))).status_code == 204
    return person


async def test_the_address_changes_when_its_owner_confirms_it_and_not_before(
    auth: Replica, mails: AccountMails
) -> None:
    person = await verified(auth, mails)
    answer = await change(person)
    assert answer.status_code == 200
    assert await me(person) == (person.email, True, NEW)
    assert answer.json() == (await auth.me(person.access_token)).json()
    assert (await auth.introspect(person.access_token)).json()["email"] == person.email
    assert (await auth.login(NEW)).status_code == 401
    link = await mails.verification(NEW)
    assert (await person.call("POST", "auth/email/verify", token=link)).status_code == 204
    assert await me(person) == (NEW, True, None)
    assert (await auth.introspect(person.access_token)).json()["email"] == NEW
    assert (await auth.login(person.email)).status_code == 401
    assert (await auth.login("new@example.org")).status_code == 200
    assert (await auth.register(person.email)).status_code == 201, "the former address is free"


async def test_the_present_address_is_told_of_the_request_and_of_the_change(
    auth: Replica, mails: AccountMails, clock: Clock
) -> None:
    person = await verified(auth, mails)
    await change(person, "thief@example.org")
    requested = await mails.notice(SecurityEventOccurred, person.email)
    assert (requested.event, requested.occurred_at) == ("email_change_requested", clock.now())
    link = await mails.verification("thief@example.org")
    assert mails.of(EmailChanged, person.email) == [], "nothing has changed yet"
    assert (await auth.verify(link)).status_code == 204
    changed = await mails.notice(EmailChanged, person.email)
    assert "thief" not in f"{requested}{changed}"
    assert mails.of(EmailChanged, "thief@example.org") == []


async def test_the_answer_does_not_tell_whether_an_address_has_an_account(
    auth: Replica, second: Replica, mails: AccountMails
) -> None:
    person, curious = await verified(auth, mails), await verified(auth, mails)
    answers = {}
    for email in (person.email, "nobody@example.org"):
        answer = await change(curious, email)
        body = answer.json()
        assert body.pop("pending_email") == email
        assert (await second.me(curious.access_token)).json()["pending_email"] == email
        resent = await curious.call("POST", "auth/email/resend")
        answers[email] = (answer.status_code, body, resent.status_code, resent.content)
    assert answers[person.email] == answers["nobody@example.org"]
    notice = await mails.notice(SecurityEventOccurred, person.email)
    assert notice.event == "email_in_use"
    assert curious.email not in repr(notice)
    await mails.verification("nobody@example.org")
    assert len(mails.of(EmailVerificationRequested, person.email)) == 1, "that of the registration"
    assert await me(curious) == (curious.email, True, "nobody@example.org")


async def test_the_owner_of_a_taken_address_is_told_a_few_times_an_hour_at_most(
    auth: Replica, mails: AccountMails
) -> None:
    person, curious = await verified(auth, mails), await verified(auth, mails)
    for _ in range(6):
        assert (await change(curious, person.email.upper())).status_code == 200
    await mails.verification((await auth.person()).email)  # mails keep their order
    assert len(mails.of(SecurityEventOccurred, person.email)) == 3


async def test_of_two_accounts_that_ask_for_one_address_the_first_to_confirm_gets_it(
    auth: Replica, second: Replica, mails: AccountMails
) -> None:
    people = [await auth.person(), await second.person()]
    for person in people:
        assert (await change(person)).status_code == 200
    links = [await mails.verification(NEW, number) for number in (1, 2)]

    async def confirm(person: Person) -> int:
        answers = [await person.call("POST", "auth/email/verify", token=link) for link in links]
        return min(answer.status_code for answer in answers if answer.status_code != 403)

    codes = await asyncio.gather(*(confirm(person) for person in people))
    assert sorted(codes) in ([204, 400], [204, 409])
    emails = [(await me(person))[0] for person in people]
    assert emails.count(NEW) == 1


async def test_an_address_that_was_registered_meanwhile_is_refused_at_the_confirmation(
    auth: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    await change(person)
    link = await mails.verification(NEW)
    assert (await auth.register(NEW, OTHER_PASSWORD)).status_code == 201
    answer = await person.call("POST", "auth/email/verify", token=link)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await me(person))[0] == person.email


async def test_only_the_account_itself_confirms_its_change(auth: Replica, mails: AccountMails) -> None:
    person, other = await auth.person(), await auth.person()
    await change(person)
    link = await mails.verification(NEW)
    assert (await auth.post("email/verify", token=link)).status_code == 401
    assert (await other.call("POST", "auth/email/verify", token=link)).status_code == 403
    assert (await auth.verify(link, "a guess of mine")).status_code == 401
    assert (await auth.verify(link)).status_code == 204, "the link is not spent"
    assert (await auth.verify(link)).status_code == 400


async def test_a_change_invalidates_links_that_were_mailed_to_the_former_address(
    auth: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    former = await mails.verification(person.email)
    await auth.post("password/forgot", email=person.email)
    reset = await mails.reset(person.email)
    await change(person)
    assert (await auth.verify(await mails.verification(NEW))).status_code == 204
    assert (await auth.verify(former)).status_code == 400
    assert (await auth.post("password/reset", token=reset, password=OTHER_PASSWORD)).status_code == 400


@pytest.mark.parametrize("ending", ["another change", "the present address", "a password reset", "time"])
async def test_a_pending_change_ends(auth: Replica, mails: AccountMails, clock: Clock, ending: str) -> None:
    person = await auth.person()
    await change(person)
    link = await mails.verification(NEW)
    password = PASSWORD
    match ending:
        case "another change":
            await change(person, "second@example.org")
        case "the present address":
            answer = await change(person, person.email.upper())
            assert (answer.json()["email"], answer.json()["pending_email"]) == (person.email.upper(), None)
        case "a password reset":
            await auth.post("password/forgot", email=person.email)
            token, password = await mails.reset(person.email), OTHER_PASSWORD
            assert (await auth.post("password/reset", token=token, password=password)).is_success
        case "time":
            clock.advance(days=1)
    assert (await auth.verify(link, password)).status_code == 400
    await person.sign_in(password)
    assert (await me(person))[0].lower() == person.email


async def test_the_mail_to_the_pending_address_can_be_requested_again(
    auth: Replica, mails: AccountMails
) -> None:
    person = await auth.person()
    await change(person)
    await mails.verification(NEW)
    assert (await person.call("POST", "auth/email/resend")).status_code == 202
    link = await mails.verification(NEW, 2)
    assert (await auth.verify(link)).status_code == 204
    assert (await me(person))[0] == NEW


async def test_a_change_is_in_the_activity_without_the_address(auth: Replica, mails: AccountMails) -> None:
    person = await auth.person()
    await change(person)
    await auth.verify(await mails.verification(NEW))
    answer = await person.call("GET", "auth/activity")
    events = [each["event"] for each in answer.json()["items"]]
    assert events[0] == "email_changed"
    assert "email_change_requested" in events
    assert "example.org" not in answer.text


async def test_a_changed_password_withdraws_a_change_of_the_address(
    auth: Replica, mails: AccountMails
) -> None:
    """Another person may have requested it before the owner noticed."""
    person = await auth.person()
    before = (await me(person))[0]
    await change(person)
    link = await mails.verification(NEW)
    passwords = {"current_password": PASSWORD, "password": "another horse of mine"}
    assert (await person.call("POST", "auth/password/change", **passwords)).status_code == 204
    assert (await auth.verify(link)).status_code == 400
    assert (await person.call("GET", "auth/me")).json()["pending_email"] is None
    assert (await me(person))[0] == before
