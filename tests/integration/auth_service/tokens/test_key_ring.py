"""Key ring and key rotation across replicas."""

from datetime import timedelta

import pytest
from jose import jwt
from sqlalchemy import text

from auth_service.database.engine import Database
from auth_service.tokens.key_ring import MAX_AGE, PUBLICATION_DELAY, SLACK
from auth_service.tokens.key_rotation import rotate_keys
from auth_service.tokens.key_storage import stored_key
from auth_service.tokens.repository import SigningKeyRepository
from shared.identity.key_pair import KeyPair, generate
from tests.integration.auth_service.replica import CIPHER, Clock, Person, Replica
from tests.integration.auth_service.sql import opened, transaction

LONGEST_TOKEN = timedelta(minutes=15)


@pytest.fixture
async def newer(auth: Replica, second: Replica, postgres_url: str, clock: Clock) -> KeyPair:
    """A key created by rotation after both replicas have loaded the key ring."""
    async with opened(postgres_url) as database:
        return await rotate(database, clock)


async def rotate(database: Database, clock: Clock) -> KeyPair:
    async with database.transaction() as session:
        return await rotate_keys(session, CIPHER, LONGEST_TOKEN, clock.now())


def kid(person: Person) -> str:
    return str(jwt.get_unverified_header(person.access_token)["kid"])


async def published(replica: Replica) -> list[str]:
    return [key["kid"] for key in (await replica.http.get("/.well-known/jwks.json")).json()["keys"]]


async def test_a_new_key_is_published_before_it_signs(auth: Replica, newer: KeyPair, clock: Clock) -> None:
    clock.advance(seconds=MAX_AGE.total_seconds())
    person = await auth.person()
    assert kid(person) != newer.kid
    assert await published(auth) == [newer.kid, kid(person)]


async def test_after_the_publication_delay_every_replica_signs_with_the_new_key(
    auth: Replica, second: Replica, newer: KeyPair, clock: Clock
) -> None:
    for replica in (auth, second):
        await replica.person()
    clock.advance(seconds=PUBLICATION_DELAY.total_seconds())
    people = [await auth.person(), await second.person()]
    assert [kid(person) for person in people] == [newer.kid] * 2
    for replica in (auth, second):
        for person in people:
            assert await replica.is_active(person.access_token)


async def test_no_valid_token_is_refused_during_a_rotation(
    auth: Replica, second: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    async with opened(postgres_url) as database:
        await rotate(database, clock)
    for _ in range(16):
        clock.advance(seconds=0.5)
        await person.refresh()
        assert await second.is_active(person.access_token), clock.now()


async def test_the_old_key_verifies_until_its_last_token_has_expired_and_then_is_gone(
    auth: Replica, newer: KeyPair, clock: Clock
) -> None:
    clock.advance(seconds=PUBLICATION_DELAY.total_seconds() - 0.5)
    last = await auth.person()
    assert kid(last) != newer.kid
    clock.advance(seconds=LONGEST_TOKEN.total_seconds() - 1)
    assert await auth.is_active(last.access_token)
    assert await published(auth) == [newer.kid, kid(last)]
    clock.advance(seconds=SLACK.total_seconds() + 2)
    assert await published(auth) == [newer.kid]


async def test_expired_keys_are_purged(
    auth: Replica, newer: KeyPair, postgres_url: str, clock: Clock
) -> None:
    clock.advance(hours=1)
    async with transaction(postgres_url) as session:
        assert await SigningKeyRepository(session).purge(clock.now()) == 1
    async with opened(postgres_url) as database, database.transaction() as session:
        assert (await session.scalars(text("SELECT kid FROM auth.signing_keys"))).all() == [newer.kid]


async def test_an_unknown_key_id_reloads_the_key_ring_at_most_once_per_interval(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    sooner = generate()
    async with transaction(postgres_url) as session:
        await SigningKeyRepository(session).insert(stored_key(sooner, CIPHER, clock.now()))
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
    assert not await auth.is_active(forged), "reloaded less than a second ago"
    clock.advance(seconds=1)
    assert await auth.is_active(forged)
