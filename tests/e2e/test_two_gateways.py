"""Two gateways with one auth_service: access revoked through one ends at the other.

Access is checked with a call whose session only the gateway verifies: the converter accepts a token by its
signature.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from tests.support.client import PASSWORD, Person, signed_in, visiting
from tests.support.mailbox import Mailbox, link_in
from tests.support.system import System
from tests.support.tokens import key_id
from tests.support.wait import until

NEW = "another password altogether"
# Milliseconds on an idle machine; without the revocation event it would be minutes.
AT_ONCE_S = 30.0
SECOND = "gateway-2"
SHORT_MEMORY_S = 2
OK, UNAUTHORIZED, UNAVAILABLE = 200, 401, 503


@dataclass
class GatewayPair:
    """Clients of both gateways; access is revoked through `near` and checked at `far`."""

    near: httpx.AsyncClient
    far: httpx.AsyncClient
    system: System

    async def visitor(self) -> Person:
        return await signed_in(self.near)

    async def seen(self, token: str) -> httpx.Response:
        """Returns the far gateway's status."""
        return await asks(self.far, token)


@pytest.fixture(scope="module")
def both(system: System) -> Iterator[System]:
    """The far gateway caches tokens so briefly that a test can wait for it, the near one for minutes."""
    system.stack.service(SECOND).configure({"GATEWAY_TOKEN_CACHE_TTL": f"{SHORT_MEMORY_S}s"})
    system.start(SECOND)
    yield system
    system.stop(SECOND)


@pytest.fixture
async def gateways(both: System) -> AsyncIterator[GatewayPair]:
    async with visiting(both.stack.service(SECOND).url) as near, visiting(both.url) as far:
        for http in (near, far):
            await until(partial(receives_revocations, http), what="the gateway receives revocations")
        yield GatewayPair(near, far, both)


async def by_signing_out(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    return await ending(gateways, person.tokens["access_token"], person.sign_out)


async def by_ending_another_session(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    other = await elsewhere(person)
    listed = (await person.get("/v1/auth/sessions")).json()["items"]
    [identity] = [each["id"] for each in listed if not each["current"]]
    end = partial(person.request, "DELETE", f"/v1/auth/sessions/{identity}")
    return await ending(gateways, other.tokens["access_token"], end)


async def by_changing_the_password(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    other = await elsewhere(person)
    change = partial(person.post, "/v1/auth/password/change", current_password=PASSWORD, password=NEW)
    return await ending(gateways, other.tokens["access_token"], change)


async def by_resetting_the_password(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    secret = await reset_secret(gateways, person)
    reset = partial(gateways.near.post, "/v1/auth/password/reset", json={"token": secret, "password": NEW})
    return await ending(gateways, person.tokens["access_token"], reset)


async def by_an_administrator(gateways: GatewayPair) -> str:
    admin, person = await administrator(gateways), await gateways.visitor()
    identity = (await person.get("/v1/auth/me")).json()["id"]
    disable = partial(admin.request, "PATCH", f"/v1/admin/users/{identity}", json={"disabled": True})
    return await ending(gateways, person.tokens["access_token"], disable)


async def by_deleting_the_account(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    leave = partial(person.request, "DELETE", "/v1/auth/me", json={"password": PASSWORD})
    return await ending(gateways, person.tokens["access_token"], leave)


async def by_deleting_an_api_key(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    made = (await person.post("/v1/auth/api-keys", name="nightly")).json()
    delete = partial(person.request, "DELETE", f"/v1/auth/api-keys/{made['id']}")
    return await ending(gateways, made["key"], delete)


async def by_deleting_the_account_of_an_api_key(gateways: GatewayPair) -> str:
    person = await gateways.visitor()
    made = (await person.post("/v1/auth/api-keys", name="nightly")).json()
    leave = partial(person.request, "DELETE", "/v1/auth/me", json={"password": PASSWORD})
    return await ending(gateways, made["key"], leave)


async def by_reusing_a_refresh_token(gateways: GatewayPair) -> str:
    """Refreshes twice: the grace period for two tabs ends when the new token is used."""
    person = await gateways.visitor()
    first = person.tokens["refresh_token"]
    for _ in range(2):
        (await person.refresh()).raise_for_status()
    reuse = partial(gateways.near.post, "/v1/auth/refresh", json={"refresh_token": first})
    return await ending(gateways, person.tokens["access_token"], reuse, answered=UNAUTHORIZED)


Ending = Callable[[GatewayPair], Awaitable[str]]
ENDINGS: tuple[Ending, ...] = (
    by_signing_out,
    by_ending_another_session,
    by_changing_the_password,
    by_resetting_the_password,
    by_an_administrator,
    by_deleting_the_account,
    by_deleting_an_api_key,
    by_deleting_the_account_of_an_api_key,
    by_reusing_a_refresh_token,
)


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
async def test_access_ends_at_the_other_gateway_at_once(gateways: GatewayPair, end: Ending) -> None:
    """ASVS 5.0 §7.4.1 to §7.4.3. `pytest -rP` prints the delay."""
    token = await end(gateways)
    since = time.monotonic()
    answer = await gateways.seen(token)
    while answer.status_code != UNAUTHORIZED and time.monotonic() - since < AT_ONCE_S:
        answer = await gateways.seen(token)
    took_ms = (time.monotonic() - since) * 1000
    print(f"{end.__name__}: refused after {took_ms:.1f} ms")
    assert (answer.status_code, answer.json().get("code")) == (UNAUTHORIZED, "unauthenticated")
    assert took_ms < AT_ONCE_S * 1000
    assert (await asks(gateways.near, token)).status_code == UNAUTHORIZED


@pytest.mark.parametrize("part", ["auth", "postgres"])
async def test_cached_access_works_until_the_cache_expires(gateways: GatewayPair, part: str) -> None:
    person = await gateways.visitor()
    token = person.tokens["access_token"]
    for http in (gateways.near, gateways.far):
        assert (await asks(http, token)).status_code == OK
    await asyncio.to_thread(gateways.system.kill, part)
    try:
        assert (await asks(gateways.far, token)).status_code == OK, "it is remembered"
        refused = await until(partial(unavailable, gateways.near, token), what="the gateway has to ask again")
        assert refused.json()["code"] == "unavailable"
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers.get("www-authenticate") is None, "no challenge to sign in again"
        ready = await until(partial(not_ready, gateways.near), what="readyz says so")
        assert ready.json()["checks"]["auth_service"] == "down"
        assert ready.json()["checks"]["converter_service"] == "ok"
        assert (await gateways.near.get("/healthz")).status_code == OK
    finally:
        await asyncio.to_thread(gateways.system.start, part)
    for http in (gateways.near, gateways.far):
        await until(partial(is_let_in, http, token), what="access works again")
        await until(partial(is_ready, http), what="readyz says so")


async def test_key_rotation_interrupts_no_session(gateways: GatewayPair) -> None:
    """ASVS 5.0 §13.3.4. Tokens of old and new keys are valid at both gateways during rotation."""
    person = await gateways.visitor()
    old = person.tokens["access_token"]
    rotating = asyncio.create_task(asyncio.to_thread(gateways.system.command, "auth", "rotate-keys"))

    async def signed_anew() -> bool:
        (await person.refresh()).raise_for_status()
        newest = person.tokens["access_token"]
        for http in (gateways.near, gateways.far):
            for token in (old, newest):
                assert (await asks(http, token)).raise_for_status()
                assert (await me(http, token)).raise_for_status()
        return key_id(newest) != key_id(old)

    await until(signed_anew, what="a token signed with the new key")
    await rotating
    published = [key["kid"] for key in (await gateways.far.get("/.well-known/jwks.json")).json()["keys"]]
    assert {key_id(old), key_id(person.tokens["access_token"])} <= set(published)


async def ending(
    gateways: GatewayPair,
    token: str,
    end: Callable[[], Awaitable[httpx.Response]],
    answered: int | None = None,
) -> str:
    """Uses the token at both gateways, so that both cache it, then revokes it; returns the token."""
    for http in (gateways.near, gateways.far):
        assert (await asks(http, token)).status_code == OK
    answer = await end()
    assert answer.is_success if answered is None else answer.status_code == answered
    return token


async def asks(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.get("/v1/conversions", headers={"Authorization": f"Bearer {token}"})


async def me(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


async def unavailable(http: httpx.AsyncClient, token: str) -> httpx.Response | None:
    answer = await asks(http, token)
    assert answer.status_code in {OK, UNAVAILABLE}
    return answer if answer.status_code == UNAVAILABLE else None


async def is_let_in(http: httpx.AsyncClient, token: str) -> bool:
    answer = await asks(http, token)
    assert answer.status_code in {OK, UNAVAILABLE}
    return answer.status_code == OK


async def not_ready(http: httpx.AsyncClient) -> httpx.Response | None:
    answer = await http.get("/readyz")
    return answer if answer.status_code == UNAVAILABLE else None


async def is_ready(http: httpx.AsyncClient) -> bool:
    return (await http.get("/readyz")).status_code == OK


async def receives_revocations(http: httpx.AsyncClient) -> bool:
    said: dict[str, Any] = (await http.get("/readyz")).json()
    return bool(said["checks"]["rabbitmq"] == "ok")


async def elsewhere(person: Person) -> Person:
    """A second session of the same account."""
    other = Person(person.http, person.email, person.password)
    (await other.sign_in()).raise_for_status()
    return other


async def administrator(gateways: GatewayPair) -> Person:
    admin = Person(gateways.near)
    create = partial(gateways.system.command, AUTH_ADMIN_PASSWORD=PASSWORD)
    await asyncio.to_thread(create, "auth", "create-admin", admin.email)
    (await admin.sign_in()).raise_for_status()
    return admin


async def reset_secret(gateways: GatewayPair, person: Person) -> str:
    mailbox: Mailbox = gateways.system.mailbox
    (await gateways.near.post("/v1/auth/password/forgot", json={"email": person.email})).raise_for_status()
    mail = await mailbox.next_about_account(person.email, "Choose a new password")
    return link_in(mail).partition("#token=")[2]
