"""Idempotency-Key: a repeated request is executed once and gets the same response, on every gateway."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from devstack.ports import free_port
from devstack.servers.redis import Redis
from shared.settings import Secret
from tests.integration.gateway.rig import TOKEN, Rig, running
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_accounts import ACCOUNT, WHO
from tests.integration.gateway.test_own_account import MADE
from tests.support.wait import until

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


class RegistrationStub:
    """An auth_service that only registers accounts."""

    def __init__(self, rig: Rig, status: str = "201 Created") -> None:
        self.registered = 0
        self.status = status
        self.go_on = asyncio.Event()
        self.go_on.set()
        rig.auth.script = self._register

    async def _register(self, seen: ReceivedRequest) -> None:
        await seen.read_body()
        self.registered += 1
        number = self.registered
        await self.go_on.wait()
        if self.status.startswith("201"):
            body = msgspec.json.encode({**ACCOUNT, "id": f"u{number}"})
            seen.answer(self.status, body, **{"content-type": "application/json"})
        else:
            seen.problem(int(self.status[:3]), "unavailable")


async def register(rig: Rig, key: str = KEY, **changes: str) -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key}
    async with rig.http.post(
        f"{rig.url}/v1/auth/register", json={**WHO, **changes}, headers=headers
    ) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_repeated_request_is_executed_once_and_gets_the_same_response(rig: Rig) -> None:
    registry = RegistrationStub(rig)
    first = await register(rig)
    assert first == (201, {**ACCOUNT, "id": "u1"})
    assert await register(rig) == first
    assert await register(rig, f'"{KEY}"') == first
    assert registry.registered == 1


async def test_another_body_is_refused(rig: Rig) -> None:
    registry = RegistrationStub(rig)
    await register(rig)
    status, problem = await register(rig, password="another password")
    assert (status, problem["code"]) == (422, "idempotency_mismatch")
    assert registry.registered == 1


async def test_a_repetition_of_a_running_request_is_a_conflict(rig: Rig) -> None:
    registry = RegistrationStub(rig)
    registry.go_on.clear()
    first = asyncio.create_task(register(rig))
    await until(lambda: registry.registered == 1)
    status, problem = await register(rig)
    assert (status, problem["code"]) == (409, "conflict")
    registry.go_on.set()
    assert await first == await register(rig)
    assert registry.registered == 1


async def test_a_failed_request_may_be_repeated(rig: Rig) -> None:
    registry = RegistrationStub(rig, "503 Service Unavailable")
    assert (await register(rig))[0] == 503
    registry.status = "201 Created"
    assert (await register(rig))[0] == 201
    assert registry.registered == 2


async def test_requests_with_another_key_or_none_are_independent(rig: Rig) -> None:
    registry = RegistrationStub(rig)
    for key in ("a", "b"):
        assert (await register(rig, key))[0] == 201
    async with rig.http.post(f"{rig.url}/v1/auth/register", json=WHO) as answer:
        assert answer.status == 201
    assert registry.registered == 3


async def test_a_repeated_creation_shows_the_api_key_to_its_owner_only(rig: Rig) -> None:
    made: list[dict[str, Any]] = []

    async def make(seen: ReceivedRequest) -> None:
        await seen.read_body()
        made.append(msgspec.json.decode(seen.body))
        body = msgspec.json.encode({**MADE, "id": f"k{len(made)}"})
        seen.answer("201 Created", body, **{"content-type": "application/json"})

    async def ask(token: str, **wanted: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}
        path = f"{rig.url}/v1/auth/api-keys"
        async with rig.http.post(path, json=wanted, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    introspect = rig.auth.script
    rig.auth.script = lambda seen: introspect(seen) if seen.target == "/internal/introspect" else make(seen)
    first = await ask(TOKEN, name="nightly")
    assert first == (201, {**MADE, "id": "k1"})
    assert await ask(TOKEN, name="nightly") == first
    status, problem = await ask(TOKEN, name="another")
    assert (status, problem["code"]) == (422, "idempotency_mismatch")
    assert [wanted["name"] for wanted in made] == ["nightly"]
    stranger = rig.auth.sign_in("t2", sub="u2", sid="s2")
    assert await ask(stranger, name="nightly") == (201, {**MADE, "id": "k2"}), "a key is one account's"


@pytest.mark.parametrize("key", ["", "a b", "x" * 300, 'a"b'])
async def test_a_malformed_idempotency_key_is_refused(rig: Rig, key: str) -> None:
    registry = RegistrationStub(rig)
    status, problem = await register(rig, key)
    assert (status, problem["code"]) == (400, "invalid_request")
    assert registry.registered == 0


async def test_two_gateways_share_records_without_storing_secrets(redis: Redis) -> None:
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"rate_storage_url": Secret(redis.url)}
        one, two = [await stack.enter_async_context(running(**settings)) for _ in range(2)]
        there, here = RegistrationStub(one), RegistrationStub(two)
        first = await register(one)
        assert await register(two) == first
        assert (await register(two, password="another password"))[0] == 422
        assert (there.registered, here.registered) == (1, 0)


async def test_without_the_store_requests_with_a_key_are_refused() -> None:
    async with running(rate_storage_url=Secret(f"redis://127.0.0.1:{free_port()}")) as rig:
        registry = RegistrationStub(rig)
        assert (await register(rig))[0] == 503
        assert registry.registered == 0
        async with rig.http.post(f"{rig.url}/v1/auth/register", json=WHO) as answer:
            assert answer.status == 201
