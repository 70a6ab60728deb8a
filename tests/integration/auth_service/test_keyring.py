"""Signing keys shared by replicas: a new one is taken up, an old one verifies until it expires."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from jose import jwt
from sqlalchemy import text

from auth_service.keys import KeyPair, generate
from tests.integration.auth_service.replica import Clock, Person, Replica, running, settings
from tests.integration.auth_service.rows import opened, rows


@pytest.fixture
async def newer(auth: Replica, postgres_url: str, clock: Clock) -> KeyPair:
    """A key that was made after `auth` had read all there were."""
    key = generate()
    async with rows(postgres_url) as repository:
        await repository.add_signing_key(key, clock.now() + timedelta(seconds=1))
    return key


@pytest.fixture
async def late(newer: KeyPair, postgres_url: str, clock: Clock) -> AsyncIterator[Replica]:
    """A replica that started after the newer key was made."""
    async with running(settings(postgres_url), clock) as replica:
        await replica.ready()
        yield replica


def kid(person: Person) -> str:
    return str(jwt.get_unverified_header(person.access_token)["kid"])


async def published(replica: Replica) -> list[str]:
    return [key["kid"] for key in (await replica.http.get("/.well-known/jwks.json")).json()["keys"]]


async def test_the_newest_key_signs_and_the_older_one_still_verifies(
    auth: Replica, late: Replica, newer: KeyPair
) -> None:
    before, after = await auth.person(), await late.person()
    assert kid(before) != kid(after) == newer.kid
    assert await late.is_active(before.access_token)
    assert await published(late) == [newer.kid, kid(before)]


async def test_a_token_of_a_key_that_is_not_known_yet_makes_a_replica_look_but_not_each_time(
    auth: Replica, late: Replica, clock: Clock
) -> None:
    person = await late.person()
    assert not await auth.is_active(person.access_token), "it has only just looked"
    clock.advance(seconds=5)
    assert await auth.is_active(person.access_token)


async def test_within_a_minute_every_replica_signs_with_the_newest_key(
    auth: Replica, newer: KeyPair, clock: Clock
) -> None:
    assert kid(await auth.person()) != newer.kid
    clock.advance(seconds=60)
    assert kid(await auth.person()) == newer.kid


async def test_a_retired_key_signs_nothing_and_verifies_until_it_expires(
    auth: Replica, newer: KeyPair, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database, database.transaction() as session:
        retire = text("UPDATE auth.signing_keys SET retired_at = :now, expires_at = :end WHERE kid = :kid")
        times = {"now": clock.now(), "end": clock.now() + timedelta(minutes=5)}
        await session.execute(retire, {"kid": kid(person), **times})
    clock.advance(minutes=4)
    assert await auth.is_active(person.access_token)
    assert await published(auth) == [newer.kid, kid(person)]
    clock.advance(minutes=1)
    assert not await auth.is_active(person.access_token)
    assert await published(auth) == [newer.kid]
