"""Attacks at the ports of the services behind the gateway: only the gateway's tokens are accepted there."""

import httpx
import pytest

from tests.support.client import PASSWORD, Person
from tests.support.system import System

# A call of each service that every account may make.
CALLS = {
    "auth": "/v1/auth/sessions",
    "converter": "/v1/conversions",
    "notification": "/v1/webhooks",
}


async def call_directly(system: System, service: str, token: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=system.stack.service(service).url, timeout=60) as direct:
        return await direct.get(CALLS[service], headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("service", CALLS)
async def test_a_client_s_token_is_refused_by_a_service(person: Person, system: System, service: str) -> None:
    answer = await call_directly(system, service, person.tokens["access_token"])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await person.get(CALLS[service])).status_code == 200, "the gateway passes it on"


@pytest.mark.parametrize("service", CALLS)
async def test_a_token_is_refused_by_a_service_after_logout(
    person: Person, system: System, service: str
) -> None:
    stolen = person.tokens["access_token"]
    assert (await person.sign_out()).status_code == 204
    assert (await call_directly(system, service, stolen)).status_code == 401


@pytest.mark.parametrize("service", CALLS)
async def test_a_token_is_refused_by_a_service_after_the_account_s_deletion(
    person: Person, system: System, service: str
) -> None:
    stolen = person.tokens["access_token"]
    assert (await person.request("DELETE", "/v1/auth/me", json={"password": PASSWORD})).status_code == 204
    assert (await call_directly(system, service, stolen)).status_code == 401
