"""Signing keys shared by replicas: rotated without a moment in which a good token is refused."""

from datetime import timedelta

import pytest
from jose import jwt
from sqlalchemy import text

from auth_service.repository import Store
from auth_service.tokens.key_ring import FRESH, KNOWN_BEFORE_SIGNING
from auth_service.tokens.key_rotation import SLACK, Rotation
from auth_service.tokens.signing_key import KeyPair, generate
from tests.integration.auth_service.replica import Clock, Person, Replica
from tests.integration.auth_service.rows import opened, rows

LONGEST_TOKEN = timedelta(minutes=15)


@pytest.fixture
async def newer(auth: Replica, second: Replica, postgres_url: str, clock: Clock) -> KeyPair:
    """Made by an operator after both replicas had read all keys there were."""
    async with opened(postgres_url) as database:
        return await Rotation(Store(database), LONGEST_TOKEN, clock.now).rotate()


def kid(person: Person) -> str:
    return str(jwt.get_unverified_header(person.access_token)["kid"])


async def published(replica: Replica) -> list[str]:
    return [key["kid"] for key in (await replica.http.get("/.well-known/jwks.json")).json()["keys"]]


async def test_a_new_key_is_published_before_it_signs(auth: Replica, newer: KeyPair, clock: Clock) -> None:
    clock.advance(seconds=FRESH.total_seconds())
    person = await auth.person()
    assert kid(person) != newer.kid
    assert await published(auth) == [newer.kid, kid(person)]


async def test_after_seconds_every_replica_signs_with_it_and_knows_it(
    auth: Replica, second: Replica, newer: KeyPair, clock: Clock
) -> None:
    for replica in (auth, second):
        await replica.person()
    clock.advance(seconds=KNOWN_BEFORE_SIGNING.total_seconds())
    people = [await auth.person(), await second.person()]
    assert [kid(person) for person in people] == [newer.kid] * 2
    for replica in (auth, second):
        for person in people:
            assert await replica.is_active(person.access_token)


async def test_no_good_token_is_refused_at_any_moment_of_a_rotation(
    auth: Replica, second: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database:
        await Rotation(Store(database), LONGEST_TOKEN, clock.now).rotate()
    for _ in range(16):
        clock.advance(seconds=0.5)
        await person.refresh()
        assert await second.is_active(person.access_token), clock.now()


async def test_the_old_key_verifies_until_its_last_token_has_expired_and_then_is_gone(
    auth: Replica, newer: KeyPair, clock: Clock
) -> None:
    clock.advance(seconds=KNOWN_BEFORE_SIGNING.total_seconds() - 0.5)
    last = await auth.person()
    assert kid(last) != newer.kid
    clock.advance(seconds=LONGEST_TOKEN.total_seconds() - 1)
    assert await auth.is_active(last.access_token)
    assert await published(auth) == [newer.kid, kid(last)]
    clock.advance(seconds=SLACK.total_seconds() + 2)
    assert await published(auth) == [newer.kid]


async def test_a_private_key_that_verifies_nothing_any_more_is_not_kept(
    auth: Replica, newer: KeyPair, postgres_url: str, clock: Clock
) -> None:
    clock.advance(hours=1)
    async with rows(postgres_url) as repository:
        assert await repository.signing_keys.forget(clock.now()) == 1
    async with opened(postgres_url) as database, database.transaction() as session:
        assert (await session.scalars(text("SELECT kid FROM auth.signing_keys"))).all() == [newer.kid]


async def test_a_token_of_a_key_that_is_not_known_yet_makes_a_replica_look_but_not_each_time(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    sooner = generate()
    async with rows(postgres_url) as repository:
        await repository.signing_keys.add(sooner, clock.now())
    async with opened(postgres_url) as database, database.transaction() as session:
        await session.execute(
            text("UPDATE auth.signing_keys SET signs_from = signs_from + interval '1 s' WHERE kid = :kid"),
            {"kid": sooner.kid},
        )
    forged = jwt.encode(
        jwt.get_unverified_claims(person.access_token),
        sooner.pem.reveal(),
        "ES256",
        headers={"kid": sooner.kid, "typ": "at+jwt"},
    )
    assert not await auth.is_active(forged), "it has only just looked"
    clock.advance(seconds=1)
    assert await auth.is_active(forged)
