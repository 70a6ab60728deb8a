"""The list of a user's own sessions, and ending single ones."""

from uuid import UUID

import pytest
from sqlalchemy import text

from auth_service.sessions.service import MAX_SESSIONS
from shared.contracts.events import SessionRevoked
from tests.integration.auth_service.replica import Clock, Person, Replica, basic, calling_from
from tests.integration.auth_service.sql import opened
from tests.support.wait import until


async def listed(person: Person) -> list[dict[str, object]]:
    answer = await person.call("GET", "auth/sessions")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_a_session_shows_its_times_and_its_client(auth: Replica, clock: Clock) -> None:
    person = Person(auth)
    await auth.register(person.email)
    answer = await auth.call(
        "POST",
        "auth/login",
        headers=calling_from("2001:DB8::7", "Firefox/150 \x01"),
        email=person.email,
        password="correct horse battery staple",
    )
    person.access_token = answer.json()["access_token"]
    [session] = await listed(person)
    assert session.pop("id")
    assert session == {
        "created_at": "2026-11-20T10:00:00Z",
        "last_used_at": "2026-11-20T10:00:00Z",
        "expires_at": "2026-12-04T10:00:00Z",
        "user_agent": "Firefox/150",
        "address": "2001:db8::7",
        "current": True,
    }


async def test_sessions_are_listed_by_last_use_and_the_current_one_is_marked(
    auth: Replica, clock: Clock
) -> None:
    person = await auth.person()
    other = Person(auth, person.email)
    clock.advance(minutes=1)
    await other.sign_in()
    assert [each["current"] for each in await listed(person)] == [False, True]
    clock.advance(minutes=1)
    await person.refresh()
    assert [each["current"] for each in await listed(person)] == [True, False]
    assert (await listed(person))[0]["last_used_at"] == "2026-11-20T10:02:00Z"


async def test_sessions_of_other_users_are_not_found(auth: Replica) -> None:
    person, mallory = await auth.person(), await auth.person()
    [session] = await listed(person)
    assert [each["id"] for each in await listed(mallory)] != [session["id"]]
    answer = await mallory.call("DELETE", f"auth/sessions/{session['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await person.is_signed_in()


async def test_an_ended_session_is_revoked_everywhere(
    auth: Replica, second: Replica, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    stolen = Person(auth, person.email)
    await stolen.sign_in()
    [other] = [each["id"] for each in await listed(person) if not each["current"]]
    answer = await person.call("DELETE", f"auth/sessions/{other}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not await second.is_active(stolen.access_token)
    assert (await second.refresh(stolen.refresh_token)).status_code == 401
    assert await person.is_signed_in()
    assert len(await listed(person)) == 1
    await until(lambda: [event.session_id for event in revoked] == [other], what="SessionRevoked")
    assert (await person.call("DELETE", f"auth/sessions/{other}")).status_code == 404


@pytest.mark.parametrize("identity", [str(UUID(int=7)), "x", "1", "..%2f..", "' OR 1=1", "null"])
async def test_an_unknown_session_is_not_found(auth: Replica, identity: str) -> None:
    person = await auth.person()
    assert (await person.call("DELETE", f"auth/sessions/{identity}")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {
            **calling_from("192.0.2.7"),
            "Tonegate-Gateway-Authorization": basic("gateway", "wrong")["Authorization"],
        },
        {**calling_from("192.0.2.7"), "Tonegate-Gateway-Authorization": ""},
        {**calling_from("192.0.2.7"), "Tonegate-Gateway-Authorization": "Bearer x"},
    ],
)
async def test_wrong_gateway_credentials_are_refused(auth: Replica, headers: dict[str, str]) -> None:
    answer = await auth.call("POST", "auth/login", headers=headers, email="a@example.org", password="x")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_client_address_without_gateway_credentials_is_ignored(auth: Replica) -> None:
    person = Person(auth)
    await auth.register(person.email)
    answer = await auth.call(
        "POST",
        "auth/login",
        headers={"Tonegate-Client-Address": "192.0.2.7", "X-Forwarded-For": "192.0.2.7"},
        email=person.email,
        password="correct horse battery staple",
    )
    person.access_token = answer.json()["access_token"]
    assert [each["address"] for each in await listed(person)] == ["127.0.0.1"]


async def test_the_oldest_of_too_many_sessions_is_ended(
    auth: Replica, postgres_url: str, clock: Clock, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        copies = text(
            "INSERT INTO auth.sessions (id, user_id, created_at, last_used_at, idle_until, expires_at)"
            " SELECT gen_random_uuid(), user_id, created_at, last_used_at + interval '1 s', idle_until,"
            " expires_at FROM auth.sessions, generate_series(2, :many)"
        )
        await session.execute(copies, {"many": MAX_SESSIONS})
    newest = Person(auth, person.email)
    await newest.sign_in()
    assert not await person.is_signed_in()
    assert len(await listed(newest)) == MAX_SESSIONS
    await until(lambda: len(revoked) == 1, what="SessionRevoked")
