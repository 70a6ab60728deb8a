"""Sensitive changes of an account with a second factor: the password alone is no proof (ASVS 5.0 §7.5.1)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.integration.auth_service.factors.enrolled import enrolled
from tests.integration.auth_service.passwords.test_proofs import (
    announce_webhook,
    change_address,
    create_key,
)
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica

NEW = "another password altogether"
Change = Callable[[Person, str, dict[str, Any]], Awaitable[httpx.Response]]


async def change_password(person: Person, _: str, __: dict[str, Any]) -> httpx.Response:
    return await person.call("POST", "auth/password/change", current_password=PASSWORD, password=NEW)


async def delete_account(person: Person, _: str, __: dict[str, Any]) -> httpx.Response:
    return await person.call("DELETE", "auth/me", password=PASSWORD)


CHANGES: list[Change] = [create_key, change_address, announce_webhook, change_password, delete_account]


@pytest.mark.parametrize("call", CHANGES)
async def test_a_stolen_token_and_the_password_are_not_enough_but_a_factor_is(
    auth: Replica, clock: Clock, postgres_url: str, call: Change
) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=6)
    refused = await call(owner.person, postgres_url, {"current_password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert "a code or a passkey" in refused.json()["detail"]
    assert (await owner.person.call("POST", "auth/proof", password=PASSWORD)).status_code == 204
    assert (await change_password(owner.person, "", {})).status_code == 403
    assert (await auth.login(owner.person.email)).json()["code"] == "second_factor_required", (
        "nothing changed"
    )
    assert (await owner.person.call("POST", "auth/proof", code=owner.app.code())).status_code == 204
    assert (await call(owner.person, postgres_url, {})).is_success


@pytest.mark.parametrize("path", ["sessions/00000000-0000-0000-0000-000000000000", f"identities/{'0' * 32}"])
async def test_sessions_and_identities_end_with_a_proof_by_a_factor_only(
    auth: Replica, clock: Clock, path: str
) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=6)
    refused = await owner.person.call("DELETE", f"auth/{path}", current_password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert (await owner.person.call("POST", "auth/proof", code=owner.app.code())).status_code == 204
    assert (await owner.person.call("DELETE", f"auth/{path}")).status_code == 404, "there is none"


async def test_a_wrong_password_is_named_as_such_before_the_factor_is_asked_for(
    auth: Replica, clock: Clock
) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=6)
    wrong = await owner.person.call("DELETE", "auth/me", password="a guess of mine")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
