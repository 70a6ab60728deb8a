"""Attacks at the ports of the services behind the gateway: only the gateway's tokens are accepted there."""

import httpx
import pytest
from msgspec import to_builtins

from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from shared.identity.gateway_tokens import Audience
from shared.identity.key_pair import KeyPair, generate
from shared.settings import Secret
from tests.support.client import PASSWORD, Person
from tests.support.system import System
from tests.support.tokens import claims_of, forgeries, misissued

# A call of each service that every account may make.
CALLS = {
    "auth": "/v1/auth/sessions",
    "converter": "/v1/conversions",
    "notification": "/v1/webhooks",
}
AUDIENCES: dict[str, Audience] = {
    "auth": "auth_service",
    "converter": "converter_service",
    "notification": "notification_service",
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


def own_key(system: System) -> KeyPair:
    return KeyPair(Secret(system.stack.settings()["GATEWAY_TOKEN_KEY"]))


def gateway_token(person: Person, key: KeyPair, audience: Audience) -> str:
    """What the gateway sends to a service for this person."""
    claims = claims_of(person.tokens["access_token"])
    principal = Principal(
        user_id=claims["sub"],
        email=claims["email"],
        roles=frozenset(claims["roles"]),
        session_id=claims["sid"],
        expires_at=claims["exp"],
    )
    return ServiceTokens(key, audience).token_for(principal).reveal()


@pytest.mark.parametrize("service", CALLS)
async def test_a_token_for_one_service_is_refused_by_all_others(
    person: Person, system: System, service: str
) -> None:
    token = gateway_token(person, own_key(system), AUDIENCES[service])
    statuses = {each: (await call_directly(system, each, token)).status_code for each in CALLS}
    assert statuses == {each: 200 if each == service else 401 for each in CALLS}


@pytest.mark.parametrize("service", CALLS)
async def test_a_forged_or_expired_token_of_the_gateway_is_refused(
    person: Person, system: System, service: str
) -> None:
    key = own_key(system)
    true = gateway_token(person, key, AUDIENCES[service])
    wrong = {
        **forgeries(true, {"keys": [to_builtins(key.jwk)]}),
        **misissued(true, key.pem.reveal()),
        "another key": gateway_token(person, generate(), AUDIENCES[service]),
    }
    # Only auth_service looks these up.
    known = {"an unknown subject", "a session that never was"} if service != "auth" else set()
    for name, token in wrong.items():
        status = (await call_directly(system, service, token)).status_code
        assert status == (200 if name in known else 401), name
