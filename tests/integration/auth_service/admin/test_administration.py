"""Administration of accounts, its authorization, and its audit records."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.events import SessionRevoked
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica, calling_from
from tests.integration.auth_service.sql import opened
from tests.support.wait import until

# `[["9999-12-31T23:59:59-12:00", "00000000-…"]]`: a time in the year 10000 in UTC
BEYOND_UTC = (
    "cursor=W1siOTk5OS0xMi0zMVQyMzo1OTo1OS0xMjowMCIsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJdXQ"
)


async def promote(postgres_url: str, *people: Person) -> None:
    async with opened(postgres_url) as database, database.transaction() as session:
        for person in people:
            statement = text("UPDATE auth.users SET roles = '{user,admin}' WHERE email = :email")
            await session.execute(statement, {"email": person.email})


@pytest.fixture
async def admin(auth: Replica, postgres_url: str) -> Person:
    person = await auth.person()
    await promote(postgres_url, person)
    return person


async def change(by: Person, of: Person, **what: object) -> Any:
    return await by.call("PATCH", f"admin/users/{await of.identity()}", **what)


async def records(admin: Person) -> list[dict[str, Any]]:
    """Audit records, newest first, without those of earlier listings."""
    items = (await admin.call("GET", "admin/audit")).json()["items"]
    return [each for each in items if each["action"] != "audit_listed"]


async def test_accounts_are_shown_newest_first(auth: Replica, admin: Person, clock: Clock) -> None:
    clock.advance(seconds=1)
    person = await auth.person()
    answer = await admin.call("GET", "admin/users")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    first, second = answer.json()["items"]
    assert (first["email"], second["email"]) == (person.email, admin.email)
    assert first == {
        "id": await person.identity(),
        "email": person.email,
        "roles": ["user"],
        "email_verified": False,
        "created_at": "2026-11-20T10:00:01Z",
        "disabled": False,
        "disabled_at": None,
    }
    assert answer.json()["next_cursor"] is None


async def test_pages_follow_each_other_also_when_accounts_come_and_go(
    auth: Replica, admin: Person, clock: Clock
) -> None:
    people = [await auth.person() for _ in range(6)]
    seen, query = list[str](), "limit=3"
    while True:
        page = (await admin.call("GET", f"admin/users?{query}")).json()
        seen += [each["email"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        clock.advance(seconds=1)
        await auth.person()
        query = f"limit=3&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted([admin.email, *(person.email for person in people)])
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("ADA", 2), ("example.com", 3), ("ada_", 1), ("%", 0), ("ada.lovelace@example.com", 1), ("x" * 254, 0)],
)
async def test_accounts_are_found_by_a_part_of_their_address(
    auth: Replica, admin: Person, wanted: str, found: int
) -> None:
    for email in ("Ada.Lovelace@example.com", "ada_l@example.com", "eve@example.com"):
        await auth.register(email)
    answer = await auth.http.get(
        "/v1/admin/users",
        params={"email": wanted},
        headers={"Authorization": f"Bearer {admin.access_token}"},
    )
    assert len(answer.json()["items"]) == found


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=W10", "cursor=ü", "cursor=WzFd", BEYOND_UTC],
)
async def test_invalid_page_parameters_are_refused(admin: Person, query: str) -> None:
    for path in ("admin/users", "admin/audit"):
        if path == "admin/audit" and query == "cursor=WzFd":
            continue
        answer = await admin.call("GET", f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), path


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "admin/users"), ("GET", "admin/audit"), ("PATCH", f"admin/users/{UUID(int=7)}")],
)
async def test_other_users_are_refused(auth: Replica, method: str, path: str) -> None:
    person = await auth.person()
    answer = await person.call(method, path, **({"disabled": True} if method == "PATCH" else {}))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    answer = await auth.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_disabled_account_is_refused_everywhere_at_once(
    auth: Replica, second: Replica, admin: Person, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    key = (await person.call("POST", "auth/api-keys", name="ci")).json()
    answer = await change(admin, person, disabled=True)
    assert answer.status_code == 200
    assert answer.json()["disabled"] is True
    assert answer.json()["disabled_at"]
    for token in (person.access_token, key["key"]):
        assert not await second.is_active(token)
    assert (await second.refresh(person.refresh_token)).status_code == 401
    assert (await second.login(person.email)).json()["code"] == "invalid_credentials"
    await until(lambda: len(revoked) == 2, what="events for session and key")
    assert not any(event.key_deleted for event in revoked), "webhooks stay, as the keys do"

    identity = answer.json()["id"]
    answer = await admin.call("PATCH", f"admin/users/{identity}", disabled=False)
    assert (answer.json()["disabled"], answer.json()["disabled_at"]) == (False, None)
    assert not await auth.is_active(person.access_token), "its sessions are over for good"
    assert await auth.is_active(key["key"]), "its keys come back"
    await person.sign_in()


async def test_an_account_with_an_unverified_address_does_not_become_an_administrator(
    auth: Replica, admin: Person, mails: AccountMails
) -> None:
    """Who registered it may not own its address."""
    person = await auth.person()
    refused = await change(admin, person, roles=["user", "admin"])
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (await person.call("GET", "admin/users")).status_code == 403
    assert (await change(admin, person, roles=["user"])).status_code == 200
    await auth.verify(await mails.verification(person.email))
    assert (await change(admin, person, roles=["user", "admin"])).status_code == 200


async def test_a_role_given_holds_at_once_and_a_role_taken_ends_the_sessions(
    auth: Replica, admin: Person, mails: AccountMails
) -> None:
    person = await auth.person()
    await auth.verify(await mails.verification(person.email))
    answer = await change(admin, person, roles=["admin", "user", "user"])
    assert answer.json()["roles"] == ["user", "admin"]
    assert (await person.call("GET", "admin/users")).status_code == 200
    body = (await auth.introspect(person.access_token)).json()
    assert body["roles"] == ["user", "admin"]
    await change(admin, person, roles=["user"])
    assert not await person.is_signed_in()


async def test_administrators_cannot_demote_themselves(auth: Replica, admin: Person) -> None:
    for what in ({"disabled": True}, {"roles": ["user"]}, {"roles": ["user"], "disabled": True}):
        answer = await change(admin, admin, **what)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await change(admin, admin, roles=["user", "admin"], disabled=False)).status_code == 200
    assert await admin.is_signed_in()


async def test_the_last_administrator_stays(auth: Replica, admin: Person) -> None:
    answer = await admin.call("DELETE", "auth/me", password=PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await admin.is_signed_in()


async def test_two_administrators_who_demote_each_other_concurrently_leave_one(
    auth: Replica, second: Replica, admin: Person, postgres_url: str
) -> None:
    other = await second.person()
    await promote(postgres_url, other)
    for _ in range(3):
        mine, theirs = await admin.identity(), await other.identity()
        answers = await asyncio.gather(
            admin.call("PATCH", f"admin/users/{theirs}", roles=["user"]),
            other.call("PATCH", f"admin/users/{mine}", roles=["user"]),
        )
        done, refused = sorted(answer.status_code for answer in answers)
        assert done == 200
        assert refused in {401, 403}
        await promote(postgres_url, admin, other)
        await admin.sign_in()
        await other.sign_in()


async def test_two_administrators_who_delete_their_accounts_concurrently_leave_one(
    auth: Replica, second: Replica, admin: Person, postgres_url: str
) -> None:
    other = await second.person()
    await promote(postgres_url, other)
    answers = await asyncio.gather(
        *(each.call("DELETE", "auth/me", password=PASSWORD) for each in (admin, other))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409]


@pytest.mark.parametrize(
    "body",
    [
        {"roles": ["root"]},
        {"roles": []},
        {"roles": "admin"},
        {"disabled": "yes"},
        {"email": "x@example.org"},
        {"email_verified": True},
        {"password_hash": "x"},
    ],
)
async def test_an_invalid_change_is_refused(auth: Replica, admin: Person, body: dict[str, object]) -> None:
    person = await auth.person()
    answer = await change(admin, person, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_an_unknown_account_is_not_found(admin: Person) -> None:
    for identity in (uuid4(), "x"):
        answer = await admin.call("PATCH", f"admin/users/{identity}", disabled=True)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_every_action_leaves_a_record_of_who_what_whom_when_and_from_where(
    auth: Replica, admin: Person, clock: Clock
) -> None:
    person = await auth.person()
    clock.advance(minutes=1)
    identity = await person.identity()
    headers = {**calling_from("192.0.2.7"), "X-Request-ID": "request-7"}
    await auth.call(
        "PATCH", f"admin/users/{identity}", admin.access_token, headers, disabled=True, roles=["user"]
    )
    await admin.call("GET", "admin/users?email=Ada")
    looked, changed = await records(admin)
    assert changed.pop("id")
    assert changed == {
        "at": "2026-11-20T10:01:00Z",
        "actor_id": await admin.identity(),
        "action": "user_changed",
        "subject_id": identity,
        "address": "192.0.2.7",
        "request_id": "request-7",
        "details": {
            "before": {"roles": ["user"], "disabled": False},
            "after": {"roles": ["user"], "disabled": True},
        },
    }
    assert (looked["action"], looked["details"]) == ("users_listed", {"email": "Ada"})


ACT = {"action": "dead_mail_replayed", "details": {"dead_mail": "0" * 32}}


async def test_the_gateway_records_actions_that_it_requests_from_other_services(
    auth: Replica, admin: Person
) -> None:
    answer = await auth.call("POST", "admin/audit", admin.access_token, calling_from("192.0.2.7"), **ACT)
    assert (answer.status_code, answer.content) == (204, b"")
    [record] = await records(admin)
    assert {name: record[name] for name in ("actor_id", "action", "subject_id", "address", "details")} == {
        "actor_id": await admin.identity(),
        "subject_id": None,
        "address": "192.0.2.7",
        **ACT,
    }


async def test_only_the_gateway_writes_records(auth: Replica, admin: Person) -> None:
    person = await auth.person()
    gateway, liar = calling_from("192.0.2.7"), calling_from("192.0.2.7", secret="wrong" * 5)
    for token, headers, status in (
        (admin.access_token, None, 401),
        (admin.access_token, liar, 401),
        (person.access_token, gateway, 403),
        ("nonsense", gateway, 401),
    ):
        answer = await auth.call("POST", "admin/audit", token, headers, **ACT)
        assert answer.status_code == status
    assert await records(admin) == []


async def test_a_refused_action_leaves_no_record_and_no_change(auth: Replica, admin: Person) -> None:
    await change(admin, admin, disabled=True)
    assert await records(admin) == []


async def test_a_record_outlives_the_account_it_names(auth: Replica, admin: Person) -> None:
    person = await auth.person()
    identity = await person.identity()
    await change(admin, person, roles=["user"])
    await person.call("DELETE", "auth/me", password=PASSWORD)
    assert [each["subject_id"] for each in await records(admin)] == [identity]


async def test_the_record_is_read_page_by_page(auth: Replica, admin: Person) -> None:
    person = await auth.person()
    for disabled in (True, False, True):
        await admin.call("PATCH", f"admin/users/{await _id(admin, person)}", disabled=disabled)
    first = (await admin.call("GET", "admin/audit?limit=2")).json()
    second = (await admin.call("GET", f"admin/audit?limit=2&cursor={first['next_cursor']}")).json()
    ids = [int(each["id"]) for each in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4


async def _id(admin: Person, person: Person) -> str:
    found = await admin.call("GET", f"admin/users?email=%20{person.email}%20")
    return str(found.json()["items"][0]["id"])
