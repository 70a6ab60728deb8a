"""Token introspection: access for the gateway only, and responses without a reason."""

import base64

import pytest
from sqlalchemy import text

from tests.integration.auth_service.replica import SECRET, Clock, Replica, basic, bearer
from tests.integration.auth_service.sql import opened


async def test_a_good_token_is_described_to_the_gateway(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    identity = (await auth.me(person.access_token)).json()["id"]
    answer = await auth.introspect(person.access_token)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    now = int(clock.now().timestamp())
    assert body.pop("sid")
    assert body.pop("jti")
    assert body == {
        "active": True,
        "sub": identity,
        "iss": "http://127.0.0.1:8000",
        "aud": "tonegate",
        "client_id": "tonegate",
        "iat": now,
        "exp": now + 900,
        "roles": ["user"],
        "email": person.email,
        "email_verified": False,
        "token_type": "Bearer",
    }


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 10_000, "ü", "\x00"])
async def test_any_other_token_is_inactive_without_a_reason(auth: Replica, token: str) -> None:
    answer = await auth.introspect(token)
    assert (answer.status_code, answer.json()) == (200, {"active": False})


async def test_a_refresh_token_is_not_active(auth: Replica) -> None:
    person = await auth.person()
    assert (await auth.introspect(person.refresh_token)).json() == {"active": False}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("gateway", "wrong"),
        basic("gateway", ""),
        basic("gateway", SECRET + "x"),
        basic("gateway", SECRET[:-1]),
        basic("someone", SECRET),
        basic("", ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic AAA"},
        {"Authorization": "Bearer " + base64.b64encode(f"gateway:{SECRET}".encode()).decode()},
        bearer(SECRET),
    ],
)
async def test_other_clients_are_refused(auth: Replica, headers: dict[str, str]) -> None:
    answer = await auth.http.post("/internal/introspect", data={"token": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_a_user_token_is_refused(auth: Replica) -> None:
    person = await auth.person()
    headers = bearer(person.access_token)
    answer = await auth.http.post(
        "/internal/introspect", data={"token": person.access_token}, headers=headers
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"no=token", b"\xff\xff", b"%00=%zz"])
async def test_a_form_without_a_token_is_refused(auth: Replica, body: bytes) -> None:
    headers = {**basic("gateway", SECRET), "Content-Type": "application/x-www-form-urlencoded"}
    answer = await auth.http.post("/internal/introspect", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_token_type_hint_is_accepted(auth: Replica) -> None:
    person = await auth.person()
    form = {"token": person.access_token, "token_type_hint": "access_token"}
    answer = await auth.http.post("/internal/introspect", data=form, headers=basic("gateway", SECRET))
    assert answer.json()["active"]


async def test_roles_are_current_and_a_disabled_account_is_inactive_at_once(
    auth: Replica, postgres_url: str
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET roles = '{user,admin}'"))
    assert (await auth.introspect(person.access_token)).json()["roles"] == ["user", "admin"]

    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("UPDATE auth.users SET disabled_at = now()"))
    assert not await auth.is_active(person.access_token)
    assert (await auth.me(person.access_token)).status_code == 401
    assert (await auth.refresh(person.refresh_token)).status_code == 401
    assert (await auth.login(person.email)).json()["code"] == "invalid_credentials"


async def test_a_token_whose_account_is_deleted_is_not_active(auth: Replica, postgres_url: str) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(text("DELETE FROM auth.users"))
    assert not await auth.is_active(person.access_token)
    assert (await auth.refresh(person.refresh_token)).status_code == 401
