"""Login throttling: delays per network, the limit for unknown networks, and access for the owner."""

import asyncio
import time

import pytest

from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.replica import (
    PASSWORD,
    Clock,
    Person,
    Replica,
    calling_from,
    running,
    settings,
)

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"
NEW = "another correct horse"


async def fail(auth: Replica, email: str, times: int, address: str) -> list[int]:
    answers = [await auth.login(email, "a wrong guess", address) for _ in range(times)]
    return [answer.status_code for answer in answers]


@pytest.fixture
async def person(auth: Replica) -> Person:
    """An account whose known network is HOME."""
    person = Person(auth)
    await auth.register(person.email)
    assert (await auth.login(person.email, PASSWORD, HOME)).status_code == 200
    return person


@pytest.mark.parametrize("known", [True, False], ids=["an account", "no account"])
async def test_after_ten_failures_each_further_one_costs_a_growing_wait(
    auth: Replica, person: Person, clock: Clock, known: bool
) -> None:
    email = person.email if known else "nobody@example.org"
    assert await fail(auth, email, 10, ELSEWHERE) == [401] * 10
    waits = []
    for _ in range(12):
        answer = await auth.login(email, "a wrong guess", ELSEWHERE)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        waits.append(int(answer.headers["Retry-After"]))
        clock.advance(seconds=waits[-1])
        assert await fail(auth, email, 1, ELSEWHERE) == [401]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_the_delay_applies_to_the_right_password_as_well(
    auth: Replica, person: Person, clock: Clock
) -> None:
    await fail(auth, person.email, 11, ELSEWHERE)
    assert (await auth.login(person.email, PASSWORD, ELSEWHERE)).status_code == 429
    clock.advance(seconds=2)
    assert (await auth.login(person.email, PASSWORD, ELSEWHERE)).status_code == 200
    assert await fail(auth, person.email, 10, ELSEWHERE) == [401] * 10, "and then all is forgotten"


async def test_failures_in_other_networks_do_not_delay_the_owner(auth: Replica, person: Person) -> None:
    await fail(auth, person.email, 30, ELSEWHERE)
    assert (await auth.login(person.email, PASSWORD, HOME)).status_code == 200


async def test_failures_in_a_known_network_delay_by_a_minute_at_most(
    auth: Replica, person: Person, clock: Clock
) -> None:
    for _ in range(30):
        answer = await auth.login(person.email, "a wrong guess", HOME)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) <= 60
            clock.advance(seconds=int(answer.headers["Retry-After"]))
    clock.advance(seconds=60)
    assert (await auth.login(person.email, PASSWORD, HOME)).status_code == 200


async def exhaust(auth: Replica, person: Person) -> None:
    """One hundred failed logins, each from another network."""
    for number in range(0, 100, 10):
        await asyncio.gather(
            *(auth.login(person.email, "a wrong guess", f"203.0.113.{number + n}") for n in range(10))
        )


async def test_guesses_from_a_hundred_networks_do_not_lock_out_the_owner(
    auth: Replica, mails: AccountMails, person: Person, clock: Clock
) -> None:
    await exhaust(auth, person)
    refused = await auth.login(person.email, PASSWORD, ELSEWHERE)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")
    assert (await auth.login(person.email, PASSWORD, HOME)).status_code == 200, "where they are known"

    await auth.post("password/forgot", email=person.email)
    secret = await mails.reset(person.email)
    from_elsewhere = await auth.call(
        "POST", "auth/password/reset", headers=calling_from(ELSEWHERE), token=secret, password=NEW
    )
    assert from_elsewhere.status_code == 204
    assert (await auth.login(person.email, NEW, ELSEWHERE)).status_code == 200, (
        "after the reset the network is known"
    )

    clock.advance(hours=1)
    assert (await auth.login(person.email, NEW, "203.0.113.200")).status_code == 200


async def test_one_ipv6_network_counts_as_one_however_many_addresses_it_uses(
    auth: Replica, person: Person
) -> None:
    for number in range(10):
        assert await fail(auth, person.email, 1, f"2001:db8::{number + 1:x}") == [401]
    assert await fail(auth, person.email, 1, "2001:db8::ffff") == [429]
    assert await fail(auth, person.email, 1, "2001:db8:0:1::1") == [401]


async def test_many_guesses_at_once_are_judged_one_after_the_other(
    auth: Replica, second: Replica, person: Person
) -> None:
    answers = await asyncio.gather(
        *(
            replica.login(person.email, "a wrong guess", ELSEWHERE)
            for replica in (auth, second)
            for _ in range(30)
        )
    )
    tried = sum(answer.status_code == 401 for answer in answers)
    assert 10 <= tried <= 10 + 2 * 6, "a few more, that were at work or just done, in each replica"


async def test_reauthentication_is_throttled_like_login(auth: Replica, person: Person) -> None:
    await person.sign_in()
    answers = [
        (await person.call("DELETE", "auth/me", password=f"guess {number}")).status_code
        for number in range(12)
    ]
    assert answers == [401] * 10 + [429] * 2


async def test_concurrent_successful_logins_are_not_throttled(auth: Replica, person: Person) -> None:
    answers = await asyncio.gather(*(auth.login(person.email, PASSWORD, HOME) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_throttled_login_is_not_hashed(auth: Replica, person: Person) -> None:
    await fail(auth, person.email, 11, ELSEWHERE)
    started = time.process_time()
    for _ in range(5):
        await fail(auth, person.email, 1, ELSEWHERE)
    refused_s = time.process_time() - started
    started = time.process_time()
    for number in range(5):
        await fail(auth, person.email, 1, f"203.0.113.{number}")
    assert refused_s < (time.process_time() - started) / 1.5


async def test_the_number_of_free_failures_is_configurable(postgres_url: str, clock: Clock) -> None:
    async with running(settings(postgres_url, free_failures=2), clock) as replica:
        await replica.ready()
        assert await fail(replica, "a@example.org", 3, HOME) == [401, 401, 429]
