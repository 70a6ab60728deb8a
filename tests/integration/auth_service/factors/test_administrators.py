"""With AUTH_ADMIN_SECOND_FACTOR, administrators without a second factor can only set one up."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tests.integration.auth_service.factors.enrolled import add_app, login
from tests.integration.auth_service.replica import Clock, Person, Replica, running, settings
from tests.integration.auth_service.sql import transaction
from tests.support.messaging import MemoryBroker

CLOSED = [
    ("GET", "admin/users", {}),
    ("GET", "admin/audit", {}),
    ("POST", "auth/api-keys", {"name": "ci"}),
    ("GET", "auth/api-keys", {}),
    ("PATCH", "auth/me", {"email": "other@example.org"}),
    ("GET", "auth/sessions", {}),
    ("GET", "auth/activity", {}),
]
OPEN = [("GET", "auth/me", 200), ("GET", "auth/factors", 200), ("POST", "auth/logout", 204)]


@pytest.fixture
async def strict(postgres_url: str, clock: Clock, broker: MemoryBroker) -> AsyncIterator[Replica]:
    async with running(settings(postgres_url, admin_second_factor=True), clock, broker) as replica:
        await replica.ready()
        yield replica


@pytest.fixture
async def admin(strict: Replica, postgres_url: str) -> Person:
    person = await strict.person()
    async with transaction(postgres_url) as session:
        await session.execute(text("UPDATE auth.users SET roles = '{user,admin}'"))
    return person


async def test_without_a_factor_everything_but_setting_one_up_is_refused(admin: Person) -> None:
    for method, path, body in CLOSED:
        refused = await admin.call(method, path, **body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), path
    for method, path, status in OPEN:
        assert (await admin.call(method, path)).status_code == status, path


async def test_gateways_learn_the_scope_that_sets_one_up(strict: Replica, admin: Person) -> None:
    found = (await strict.introspect(admin.access_token)).json()
    assert (found["scope"], found["roles"]) == ("factors", ["user", "admin"])
    forwarded = await strict.exchanged(admin.access_token)
    assert (await strict.call_directly("GET", "admin/users", forwarded)).status_code == 403
    assert (await strict.call_directly("GET", "auth/factors", forwarded)).status_code == 200


async def test_with_a_factor_everything_is_open_at_once(strict: Replica, admin: Person, clock: Clock) -> None:
    forwarded = await strict.exchanged(admin.access_token)
    owner = await add_app(admin, clock)
    assert (await admin.call("GET", "admin/users")).status_code == 200
    assert (await strict.call_directly("GET", "admin/users", forwarded)).status_code == 200
    assert (await login(strict, admin.email, code=owner.app.code())).status_code == 200
    assert (await admin.call("DELETE", f"auth/factors/{owner.factor_id}")).status_code == 204
    assert (await admin.call("GET", "admin/users")).status_code == 403, "and closed without it"


async def test_other_accounts_are_not_asked(strict: Replica, admin: Person) -> None:
    person = await strict.person()
    assert (await person.call("GET", "auth/sessions")).status_code == 200
    assert "scope" not in (await strict.introspect(person.access_token)).json()


async def test_without_the_setting_administrators_are_not_asked(auth: Replica, admin: Person) -> None:
    assert (await auth.call("GET", "admin/users", admin.access_token)).status_code == 200


async def test_an_api_key_cannot_have_the_scope(strict: Replica, admin: Person, clock: Clock) -> None:
    await add_app(admin, clock)
    refused = await admin.call("POST", "auth/api-keys", name="ci", scopes=["factors"])
    assert refused.status_code == 400
