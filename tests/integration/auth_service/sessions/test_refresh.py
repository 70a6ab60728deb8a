"""Refresh token rotation, reuse detection, session lifetimes, logout."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from auth_service.maintenance.sweeper import Sweeper
from auth_service.sessions.repository import RefreshTokenRepository, SessionRepository
from shared.contracts.events import SessionRevoked
from shared.contracts.sessions import REVOKED_SESSION
from tests.integration.auth_service.replica import Clock, Replica, bearer, running, settings
from tests.integration.auth_service.sql import opened, transaction
from tests.support.messaging import MemoryBroker
from tests.support.tokens import forgeries
from tests.support.wait import until


@pytest.fixture
async def graceful(postgres_url: str, clock: Clock, broker: MemoryBroker) -> AsyncIterator[Replica]:
    """A replica with a refresh grace of ten seconds."""
    configured = settings(postgres_url, refresh_grace=timedelta(seconds=10))
    async with running(configured, clock, broker) as replica:
        await replica.ready()
        yield replica


async def all_events(auth: Replica, revoked: list[SessionRevoked]) -> list[SessionRevoked]:
    """All events so far: they keep their order, and a final one is added as an end mark."""
    person = await auth.person()
    session = (await auth.introspect(person.access_token)).json()["sid"]
    await auth.logout(person.access_token)
    await until(lambda: revoked and revoked[-1].session_id == session, what="SessionRevoked")
    return revoked[:-1]


async def test_refreshing_gives_a_new_pair_that_works(auth: Replica) -> None:
    person = await auth.person()
    before = (person.access_token, person.refresh_token)
    await person.refresh()
    assert person.refresh_token != before[1]
    assert person.access_token != before[0]
    assert (await auth.me(person.access_token)).json()["email"] == person.email
    await person.refresh()


async def test_reuse_of_a_refresh_token_revokes_its_session(
    revoked: list[SessionRevoked], auth: Replica, clock: Clock
) -> None:
    person = await auth.person()
    stolen = person.refresh_token
    await person.refresh()
    clock.advance(seconds=10)
    answer = await auth.refresh(stolen)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert (await auth.refresh(person.refresh_token)).status_code == 401
    assert (await auth.me(person.access_token)).status_code == 401
    assert (await auth.refresh(stolen)).status_code == 401
    assert len(await all_events(auth, revoked)) == 1, "once, however often it comes"


async def test_a_header_names_the_session_revoked_by_reuse(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    session = (await auth.introspect(person.access_token)).json()["sid"]
    stolen = person.refresh_token
    await person.refresh()
    clock.advance(seconds=10)
    assert (await auth.refresh(stolen)).headers[REVOKED_SESSION] == session
    assert REVOKED_SESSION not in (await auth.refresh("never issued")).headers


async def test_reuse_ends_no_other_session(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    other = await auth.login(person.email)
    stolen = person.refresh_token
    await person.refresh()
    clock.advance(seconds=10)
    await auth.refresh(stolen)
    assert not await auth.is_active(person.access_token)
    assert await auth.is_active(other.json()["access_token"])


async def test_concurrent_refreshes_get_the_same_successor(auth: Replica, second: Replica) -> None:
    for _ in range(5):
        person = await auth.person()
        answers = await asyncio.gather(
            *(replica.refresh(person.refresh_token) for replica in (auth, second) * 3)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        for answer in answers:
            assert await second.is_active(answer.json()["access_token"])
        person.refresh_token = answers[0].json()["refresh_token"]
        await person.refresh()


async def test_a_spent_refresh_token_has_no_grace_unless_it_is_given_one(auth: Replica) -> None:
    person = await auth.person()
    first = person.refresh_token
    await person.refresh()
    assert (await auth.refresh(first)).status_code == 401
    assert not await auth.is_active(person.access_token)


async def test_reuse_within_the_grace_is_detected_at_the_next_refresh(
    revoked: list[SessionRevoked], graceful: Replica, clock: Clock
) -> None:
    auth = graceful
    person = await auth.person()
    clock.advance(minutes=10)
    stolen = (await auth.refresh(person.refresh_token)).json()
    clock.advance(seconds=5)
    await person.refresh()
    assert person.refresh_token == stolen["refresh_token"], "both hold the same successor"
    clock.advance(minutes=10)
    assert (await auth.refresh(stolen["refresh_token"])).status_code == 200
    clock.advance(minutes=1)
    assert (await auth.refresh(person.refresh_token)).status_code == 401
    assert not await auth.is_active(stolen["access_token"])
    assert len(await all_events(auth, revoked)) == 1


async def test_the_grace_ends_when_the_successor_is_spent(graceful: Replica, clock: Clock) -> None:
    auth = graceful
    person = await auth.person()
    first = person.refresh_token
    await person.refresh()
    await person.refresh()
    clock.advance(seconds=1)
    assert (await auth.refresh(first)).status_code == 401
    assert not await auth.is_active(person.access_token)


async def test_a_revoked_session_has_no_grace(graceful: Replica) -> None:
    auth = graceful
    person = await auth.person()
    first = person.refresh_token
    await person.refresh()
    await auth.logout(person.access_token)
    assert (await auth.refresh(first)).status_code == 401


async def test_the_database_contains_neither_a_refresh_token_nor_its_preimage(
    auth: Replica, postgres_url: str
) -> None:
    person = await auth.person()
    spent = person.refresh_token
    await person.refresh()
    async with opened(postgres_url) as database, database.transaction() as session:
        stored = repr((await session.execute(text("SELECT * FROM auth.refresh_tokens"))).all()).encode()
    for token in (spent, person.refresh_token):
        assert token.encode() not in stored
        assert repr(base64.urlsafe_b64decode(token + "=")).encode() not in stored


@pytest.mark.parametrize("token", ["", "x", "x" * 256, "\x00", "ü", "' OR 1=1 --"])
async def test_an_unknown_refresh_token_is_refused(auth: Replica, token: str) -> None:
    answer = await auth.refresh(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_access_and_refresh_tokens_are_not_interchangeable(auth: Replica) -> None:
    person = await auth.person()
    assert (await auth.refresh(person.access_token)).status_code in {400, 401}
    assert (await auth.me(person.refresh_token)).status_code == 401


async def test_a_session_ends_thirty_days_after_its_sign_in_however_often_it_was_used(
    auth: Replica, clock: Clock
) -> None:
    person = await auth.person()
    for _ in range(3):
        clock.advance(days=9, hours=23, minutes=58, seconds=20)
        await person.refresh()
    answer = await auth.refresh(person.refresh_token)
    assert answer.json()["expires_in"] == 300, "an access token never outlives its session"
    clock.advance(minutes=5)
    assert (await auth.refresh(answer.json()["refresh_token"])).status_code == 401
    assert not await auth.is_active(answer.json()["access_token"])


async def test_a_session_idle_for_two_weeks_has_expired(auth: Replica, clock: Clock) -> None:
    idle, used = await auth.person(), await auth.person()
    clock.advance(days=13, hours=23, minutes=59)
    await used.refresh()
    clock.advance(minutes=1)
    assert (await auth.refresh(idle.refresh_token)).status_code == 401
    await used.refresh()


async def test_an_access_token_does_not_outlive_the_idle_time_of_its_session(
    postgres_url: str, clock: Clock
) -> None:
    brief = settings(postgres_url, session_idle_ttl=timedelta(minutes=5))
    async with running(brief, clock) as replica:
        await replica.ready()
        person = await replica.person()
        clock.advance(minutes=5)
        assert not await replica.is_active(person.access_token)


async def test_only_sessions_that_expired_long_ago_are_purged(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    began = clock.now()
    for _ in range(3):
        await auth.person()
    clock.advance(days=1)
    person = await auth.person()
    async with transaction(postgres_url) as session:
        sessions = SessionRepository(session)
        assert await sessions.purge(began + timedelta(days=30), 10) == 0
        over = began + timedelta(days=30, seconds=1)
        assert await sessions.purge(over, 2) == 2
        assert await sessions.purge(over, 2) == 1
        assert await sessions.purge(over, 2) == 0
    await person.refresh()


async def test_refresh_tokens_spent_long_ago_are_purged_in_batches(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    """A session that is refreshed all the time keeps few rows; a purged token is refused when reused."""
    began = clock.now()
    person = await auth.person()
    first = person.refresh_token
    for _ in range(3):
        await person.refresh()
    clock.advance(days=1)
    await person.refresh()
    async with transaction(postgres_url) as session:
        tokens = RefreshTokenRepository(session)
        assert await tokens.purge_spent(began, 10) == 0
        assert await tokens.purge_spent(clock.now(), 2) == 2
        assert await tokens.purge_spent(clock.now(), 2) == 1
        assert await tokens.purge_spent(clock.now(), 2) == 0
    assert (await auth.refresh(first)).status_code == 401
    await person.refresh()


async def test_a_sweep_deletes_and_returns_whether_rows_remain(
    auth: Replica, postgres_url: str, clock: Clock
) -> None:
    person = await auth.person()
    await person.refresh()
    async with opened(postgres_url) as database:
        sweeper = Sweeper(database, timedelta(days=90), clock.now)
        clock.advance(days=7, seconds=1)
        assert await sweeper.sweep() is False
        async with database.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM auth.refresh_tokens")) == 1
    await person.refresh()


async def test_an_access_token_ends_after_fifteen_minutes(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    clock.advance(minutes=14, seconds=59)
    assert await auth.is_active(person.access_token)
    clock.advance(seconds=1)
    assert not await auth.is_active(person.access_token)
    assert (await auth.me(person.access_token)).status_code == 401


async def test_logging_out_ends_both_tokens_and_is_announced(
    revoked: list[SessionRevoked], auth: Replica, second: Replica
) -> None:
    person = await auth.person()
    identity = (await auth.me(person.access_token)).json()["id"]
    session = (await auth.introspect(person.access_token)).json()["sid"]
    answer = await auth.logout(person.access_token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await second.me(person.access_token)).status_code == 401
    assert (await second.refresh(person.refresh_token)).status_code == 401
    await until(
        lambda: revoked == [SessionRevoked(session_id=session, user_id=identity)], what="SessionRevoked"
    )


async def test_logging_out_twice_is_refused_and_announced_once(
    revoked: list[SessionRevoked], auth: Replica
) -> None:
    person = await auth.person()
    answers = [await auth.logout(person.access_token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 401, 401]
    assert len(await all_events(auth, revoked)) == 1


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic Z2F0ZXdheTp4",
        "Token x",
        "Bearer a b",
        "Bearer not.a.token",
        "bearer\tx",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/auth/me"), ("POST", "/v1/auth/logout")])
async def test_requests_without_a_valid_token_are_refused(
    auth: Replica, method: str, path: str, header: str
) -> None:
    answer = await auth.http.request(method, path, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_request_without_a_token_gets_a_challenge_without_an_error(auth: Replica) -> None:
    answer = await auth.http.get("/v1/auth/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_scheme_is_bearer_in_any_case(auth: Replica) -> None:
    person = await auth.person()
    answer = await auth.http.get("/v1/auth/me", headers={"Authorization": f"bEARER {person.access_token}"})
    assert answer.status_code == 200


async def test_forged_tokens_are_refused(auth: Replica) -> None:
    person = await auth.person()
    keys = (await auth.http.get("/.well-known/jwks.json")).json()
    for name, forgery in forgeries(person.access_token, keys).items():
        answer = await auth.http.get("/v1/auth/me", headers=bearer(forgery))
        assert answer.status_code == 401, name
        assert not await auth.is_active(forgery), name
