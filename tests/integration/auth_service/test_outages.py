"""PostgreSQL or RabbitMQ stopped, frozen or late: 503 within seconds, then automatic recovery."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import httpx
from sqlalchemy import text

from auth_service.database.connection import Bounds, one_connection
from auth_service.migrations.upgrade import ADVISORY_LOCK
from devstack.process_tree import process_tree
from devstack.servers.postgres import Postgres
from shared.messaging.envelope import Envelope
from shared.messaging.errors import NotReady, PublishFailed
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.settings import Secret
from tests.integration.auth_service.replica import Clock, Person, listening, running, settings
from tests.support.messaging import MemoryBroker
from tests.support.wait import PATIENCE_S, until


class UnreliableBroker(MemoryBroker):
    """An in-memory broker that can be made unavailable."""

    down = True

    async def publish(self, envelope: Envelope) -> None:
        if self.down:
            raise PublishFailed("down")
        await super().publish(envelope)

    async def check(self) -> None:
        if self.down:
            raise NotReady("down")
        await super().check()


async def timed(answer: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    return await answer, time.monotonic() - started


async def assert_unavailable(person: Person) -> None:
    """Every call that needs the database returns 503 with Retry-After within seconds."""
    replica = person.replica
    calls = {
        "register": replica.register("new@example.com"),
        "login": replica.login(person.email),
        "refresh": replica.refresh(person.refresh_token),
        "me": replica.me(person.access_token),
        "logout": replica.logout(person.access_token),
        "introspect": replica.introspect(person.access_token),
    }
    answers = await asyncio.gather(*(timed(call) for call in calls.values()))
    for name, (answer, seconds) in zip(calls, answers, strict=True):
        assert (answer.status_code, answer.json().get("code")) == (503, "unavailable"), name
        assert 1 <= int(answer.headers["Retry-After"]) <= 60, name
        assert seconds < Bounds().total_s + PATIENCE_S, name


async def comes_back(person: Person) -> None:
    async def signed_in() -> bool:
        return (await person.replica.login(person.email)).status_code == 200

    await until(signed_in, what="signing in works again")
    await until(person.replica.is_ready, what="readiness")
    await person.refresh()
    assert await person.replica.is_active(person.access_token)


async def test_with_postgresql_stopped_requests_get_503_and_then_recover(
    breakable: Postgres, clock: Clock
) -> None:
    async with running(settings(breakable.new_database()), clock) as replica:
        await replica.ready()
        person = await replica.person()
        await asyncio.to_thread(breakable.stop)
        await assert_unavailable(person)
        assert (await replica.http.get("/healthz")).status_code == 200
        await until(replica.is_without_postgresql, what="no readiness")
        assert (await replica.http.get("/.well-known/jwks.json")).status_code == 200, "keys are known already"
        await asyncio.to_thread(breakable.start)
        await comes_back(person)


@contextmanager
def frozen(server: Postgres) -> Iterator[None]:
    """Stops all its processes with SIGSTOP; connections stay open without a response."""
    members = process_tree(server.process.pid)
    for member in members:
        member.suspend()
    try:
        yield
    finally:
        for member in members:
            member.resume()


async def test_with_postgresql_frozen_requests_fail_within_seconds(breakable: Postgres, clock: Clock) -> None:
    async with running(settings(breakable.new_database()), clock) as replica:
        await replica.ready()
        person = await replica.person()
        with frozen(breakable):
            await assert_unavailable(person)
            await assert_unavailable(person)
        await comes_back(person)


async def test_closed_connections_are_replaced_after_a_restart_of_postgresql(
    breakable: Postgres, clock: Clock
) -> None:
    async with running(settings(breakable.new_database()), clock) as replica:
        await replica.ready()
        person = await replica.person()
        await asyncio.gather(*(replica.me(person.access_token) for _ in range(30)))
        await asyncio.to_thread(breakable.restart)
        answers = await asyncio.gather(*(replica.me(person.access_token) for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}


async def test_the_service_may_start_before_postgresql(breakable: Postgres, clock: Clock) -> None:
    url = breakable.new_database()
    await asyncio.to_thread(breakable.stop)
    async with running(settings(url), clock) as replica:
        assert (await replica.http.get("/healthz")).status_code == 200
        assert await replica.is_without_postgresql()
        answer = await replica.register("ada@example.com")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers
        assert (await replica.http.get("/.well-known/jwks.json")).status_code == 503
        await asyncio.to_thread(breakable.start)
        await until(replica.is_ready, what="readiness")
        await replica.person()


async def test_a_replica_is_not_ready_while_another_one_migrates(postgres_url: str, clock: Clock) -> None:
    async with one_connection(Secret(postgres_url), command_s=10) as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        async with running(settings(postgres_url), clock) as replica:
            assert (await replica.register("ada@example.com")).status_code == 503
            assert await replica.is_without_postgresql()
            await other.rollback()
            await until(replica.is_ready, what="readiness")
            assert (await replica.register("ada@example.com")).status_code == 201


async def test_without_rabbitmq_logout_works_and_is_published_later(postgres_url: str, clock: Clock) -> None:
    broker = UnreliableBroker(SUBSCRIPTIONS)
    async with running(settings(postgres_url), clock, broker) as replica:
        await replica.ready()
        answer = await replica.readiness()
        assert (answer.status_code, answer.json()["checks"]) == (
            200,
            {"postgresql": "ok", "rabbitmq": "down"},
        )
        person = await replica.person()
        async with listening(broker) as revoked:
            assert (await replica.logout(person.access_token)).status_code == 204
            assert not await replica.is_active(person.access_token)
            broker.down = False
            await until(lambda: revoked, what="SessionRevoked")
