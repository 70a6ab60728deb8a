"""API keys: creation, scopes, expiry, deletion, and the internal tokens that they are exchanged for."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from auth_service.api_keys.service import MAX_KEYS_PER_ACCOUNT
from shared.contracts.events import SessionRevoked
from tests.integration.auth_service.replica import Clock, Person, Replica, bearer
from tests.integration.auth_service.sql import opened
from tests.support.wait import until


async def key_of(person: Person, **more: object) -> dict[str, str]:
    answer = await person.call("POST", "auth/api-keys", **{"name": "ci", **more})
    assert answer.status_code == 201
    made: dict[str, str] = answer.json()
    return made


async def test_a_key_is_described_in_full_once(auth: Replica) -> None:
    person = await auth.person()
    made = await key_of(person, scopes=["conversions:read"], expires_at="2026-12-01T00:00:00Z")
    key = made.pop("key")
    assert key.startswith(made["hint"])
    assert len(key) == 53
    assert made.pop("id")
    assert made == {
        "name": "ci",
        "hint": key[:8],
        "scopes": ["conversions:read"],
        "created_at": "2026-11-20T10:00:00Z",
        "expires_at": "2026-12-01T00:00:00Z",
        "last_used_at": None,
    }
    shown = await person.call("GET", "auth/api-keys")
    assert key not in shown.text
    assert [each["hint"] for each in shown.json()["items"]] == [key[:8]]
    assert shown.headers["Cache-Control"] == "no-store"


async def test_a_key_is_described_for_five_minutes_with_its_scopes_and_without_the_role_admin(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET roles = '{user,admin}'"))
    made = await key_of(person)
    body = (await auth.introspect(made["key"])).json()
    assert (body["active"], body["sid"], body["sub"]) == (True, made["id"], await person.identity())
    assert body["scope"] == "conversions:read conversions:write"
    assert body["exp"] == int(clock.now().timestamp()) + 300
    assert body["roles"] == ["user"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "auth/me"),
        ("PATCH", "auth/me"),
        ("DELETE", "auth/me"),
        ("POST", "auth/logout"),
        ("GET", "auth/sessions"),
        ("GET", "auth/api-keys"),
        ("POST", "auth/api-keys"),
        ("POST", "auth/password/change"),
        ("POST", "auth/email/resend"),
        ("GET", "admin/users"),
        ("GET", "admin/audit"),
    ],
)
async def test_a_key_manages_no_account(auth: Replica, method: str, path: str) -> None:
    person = await auth.person()
    key = (await key_of(person))["key"]
    answer = await auth.call(method, path, key)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


async def test_a_deleted_key_is_refused_at_once_and_announced(
    auth: Replica, second: Replica, revoked: list[SessionRevoked]
) -> None:
    person = await auth.person()
    made = await key_of(person)
    inside = await auth.exchanged(made["key"])
    answer = await person.call("DELETE", f"auth/api-keys/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not await second.is_active(made["key"])
    assert (await second.call_directly("GET", "auth/sessions", inside)).status_code == 401
    await until(
        lambda: [(event.session_id, event.key_deleted) for event in revoked] == [(made["id"], True)],
        what="SessionRevoked",
    )
    assert (await person.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 404


async def test_keys_of_other_users_are_not_found(auth: Replica) -> None:
    person, mallory = await auth.person(), await auth.person()
    made = await key_of(person)
    assert (await mallory.call("GET", "auth/api-keys")).json() == {"items": []}
    assert (await mallory.call("DELETE", f"auth/api-keys/{made['id']}")).status_code == 404
    assert await auth.is_active(made["key"])


async def test_a_key_and_its_token_expire_together(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    soon = clock.now() + timedelta(minutes=2)
    made = await key_of(person, expires_at=soon.isoformat())
    body = (await auth.introspect(made["key"])).json()
    assert body["exp"] == int(soon.timestamp())
    clock.advance(minutes=2)
    assert not await auth.is_active(made["key"])
    assert len((await person.call("GET", "auth/api-keys")).json()["items"]) == 1, "it is still to be seen"


async def test_the_expiry_is_shown_in_utc_from_the_start(auth: Replica) -> None:
    person = await auth.person()
    made = await key_of(person, expires_at="2027-01-01T00:30:00+02:00")
    assert made["expires_at"] == "2026-12-31T22:30:00Z"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
async def test_a_time_without_a_utc_equivalent_is_refused(auth: Replica, moment: str) -> None:
    person = await auth.person()
    answer = await person.call("POST", "auth/api-keys", name="ci", expires_at=moment)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "expires_at")


async def test_when_it_was_last_used_is_known_to_the_minute(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    made = await key_of(person)

    async def last_used() -> object:
        return (await person.call("GET", "auth/api-keys")).json()["items"][0]["last_used_at"]

    await auth.introspect(made["key"])
    assert await last_used() == "2026-11-20T10:00:00Z"
    clock.advance(seconds=59)
    await auth.introspect(made["key"])
    assert await last_used() == "2026-11-20T10:00:00Z", "a write a minute at most"
    clock.advance(seconds=1)
    await auth.introspect(made["key"])
    assert await last_used() == "2026-11-20T10:01:00Z"


async def test_the_keys_of_a_disabled_account_are_refused_until_it_is_enabled(
    auth: Replica, postgres_url: str
) -> None:
    person = await auth.person()
    made = await key_of(person)
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET disabled_at = now()"))
    assert not await auth.is_active(made["key"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "two\nlines"},
        {"name": "line feed\n"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": "conversions:read"},
        {"name": "x", "expires_at": "2026-11-20T09:59:59Z"},
        {"name": "x", "expires_at": "2026-12-01T00:00:00"},
        {"name": "x", "expires_at": "tomorrow"},
        {"name": "x", "roles": ["admin"]},
        {"name": "x", "key": "tng_mine"},
    ],
)
async def test_an_invalid_key_request_is_refused(auth: Replica, body: dict[str, object]) -> None:
    person = await auth.person()
    answer = await person.call("POST", "auth/api-keys", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await person.call("GET", "auth/api-keys")).json() == {"items": []}


async def test_the_number_of_keys_per_account_is_limited(auth: Replica, postgres_url: str) -> None:
    person = await auth.person()
    await key_of(person)
    async with opened(postgres_url) as database, database.transaction() as session:
        copies = text(
            "INSERT INTO auth.api_keys (id, user_id, fingerprint, name, hint, scopes, created_at)"
            " SELECT gen_random_uuid(), user_id, decode(md5(n::text), 'hex'), name, hint, scopes, created_at"
            " FROM auth.api_keys, generate_series(2, :many) n"
        )
        await session.execute(copies, {"many": MAX_KEYS_PER_ACCOUNT})
    answer = await person.call("POST", "auth/api-keys", name="one too many")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_the_database_does_not_contain_the_key(auth: Replica, postgres_url: str) -> None:
    made = await key_of(await auth.person())
    async with opened(postgres_url) as database, database.transaction() as session:
        stored = repr((await session.execute(text("SELECT * FROM auth.api_keys"))).all())
    assert made["key"][8:] not in stored


@pytest.mark.parametrize("change", [lambda key: key[:-1] + "0", lambda key: key + "0", lambda key: key[:-1]])
async def test_a_mistyped_key_is_refused_without_a_query(auth: Replica, change: object) -> None:
    made = await key_of(await auth.person())
    wrong = change(made["key"])  # type: ignore[operator]
    if wrong != made["key"]:
        assert (await auth.introspect(wrong)).json() == {"active": False}
        assert (await auth.http.get("/v1/auth/me", headers=bearer(wrong))).status_code == 401
