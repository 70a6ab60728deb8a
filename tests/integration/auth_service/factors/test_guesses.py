"""Who has the password cannot guess six digits, and the owner is not locked out meanwhile."""

import asyncio

import httpx
import pytest

from auth_service.sessions.factor_login import MAX_FAILURES
from auth_service.throttle.codes import FREE_FAILURES, MAX_FROM_UNKNOWN_NETWORKS
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.factors.enrolled import (
    ELSEWHERE,
    HOME,
    Enrolled,
    add_app,
    add_passkey,
    enrolled,
    first_step,
    login,
    noticed,
    second_step,
    verified,
)
from tests.integration.auth_service.replica import Clock, Replica
from tests.support.authenticator import Authenticator


async def guess(auth: Replica, owner: Enrolled, address: str = ELSEWHERE) -> httpx.Response:
    return await login(auth, owner.person.email, address, code=owner.app.wrong())


async def test_a_few_wrong_tries_end_the_token_and_are_mailed(
    auth: Replica, clock: Clock, mails: AccountMails
) -> None:
    owner = await add_app(await verified(await auth.person(), mails), clock)
    token = (await first_step(auth, owner.person.email))["factor_token"]
    for _ in range(MAX_FAILURES):
        wrong = await second_step(auth, token, code="not a code")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    ended = await second_step(auth, token, code=owner.app.code())
    assert (ended.status_code, ended.json()["code"]) == (401, "unauthenticated")
    await noticed(mails, owner.person.email, "second_factor")
    assert (await login(auth, owner.person.email, code=owner.app.code())).status_code == 200


async def test_concurrent_guesses_do_not_get_more_tries(auth: Replica, second: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    tokens = [(await first_step(auth, owner.person.email, ELSEWHERE))["factor_token"] for _ in range(4)]
    answers = await asyncio.gather(
        *(
            second_step(replica, token, ELSEWHERE, code=owner.app.wrong())
            for token in tokens
            for replica in (auth, second) * 2
        )
    )
    assert sorted(answer.status_code for answer in answers) == [401] * FREE_FAILURES + [429] * 11


async def test_further_tries_wait_longer_over_all_tokens_up_to_an_hour(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    (await login(auth, owner.person.email, code=owner.app.code())).raise_for_status()  # HOME is known
    assert [(await guess(auth, owner, HOME)).status_code for _ in range(FREE_FAILURES)] == [401] * 5
    waits = []
    for _ in range(14):
        refused = await guess(auth, owner, HOME)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        waits.append(int(refused.headers["Retry-After"]))
        clock.advance(seconds=waits[-1])
        assert (await guess(auth, owner, HOME)).status_code == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]


async def test_the_wait_is_for_the_right_code_as_well(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    for _ in range(FREE_FAILURES):
        await guess(auth, owner)
    assert (await login(auth, owner.person.email, ELSEWHERE, code=owner.app.code())).status_code == 429
    clock.advance(seconds=1)
    assert (await login(auth, owner.person.email, ELSEWHERE, code=owner.app.code())).status_code == 200


async def test_guesses_from_many_networks_are_bounded_for_a_day_and_lock_out_no_owner(
    auth: Replica, clock: Clock
) -> None:
    owner, authenticator = await enrolled(auth, clock), Authenticator()
    assert (await add_passkey(owner.person, authenticator)).status_code == 201
    email = owner.person.email
    (await login(auth, email, code=owner.app.code())).raise_for_status()  # HOME is known
    for each in range(MAX_FROM_UNKNOWN_NETWORKS):
        assert (await guess(auth, owner, f"203.0.113.{each}")).status_code == 401
    refused = await login(auth, email, "203.0.113.99", code=owner.app.next())
    assert refused.status_code == 429
    assert 23 * 3600 < int(refused.headers["Retry-After"]) <= 24 * 3600
    assert (await login(auth, email, HOME, code=owner.app.next())).status_code == 200
    step = await first_step(auth, email, ELSEWHERE)
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], ELSEWHERE, credential=assertion)).status_code == 200
    abroad = await login(auth, email, "203.0.113.98", code=owner.recovery_codes[0])
    assert abroad.status_code == 200
    clock.advance(days=1)
    assert (await login(auth, email, "203.0.113.97", code=owner.app.code())).status_code == 200


async def test_a_right_password_alone_makes_no_network_known(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    await first_step(auth, owner.person.email, "203.0.113.99")
    for each in range(MAX_FROM_UNKNOWN_NETWORKS):
        await guess(auth, owner, f"203.0.113.{each}")
    assert (await login(auth, owner.person.email, "203.0.113.99", code=owner.app.code())).status_code == 429


@pytest.mark.parametrize("path", ["auth/proof", "confirm"])
async def test_a_stolen_session_cannot_guess_codes_either(auth: Replica, clock: Clock, path: str) -> None:
    owner = await enrolled(auth, clock)
    if path == "confirm":
        added = (await owner.person.call("POST", "auth/factors/totp")).json()
        path = f"auth/factors/{added['id']}/confirm"
    answers = [await owner.person.call("POST", path, code=owner.app.wrong()) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * FREE_FAILURES + [429] * 2


async def test_refused_second_steps_are_in_the_activity_of_the_account(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    await guess(auth, owner)
    (await login(auth, owner.person.email, code=owner.app.code())).raise_for_status()
    found = (await owner.person.call("GET", "auth/activity")).json()["items"]
    assert [(each["event"], each["result"], each["details"]) for each in found[:3]] == [
        ("login", "succeeded", {"method": "password", "factor": "totp"}),
        ("second_factor", "refused", {}),
        ("factor_added", "succeeded", {"factor_id": owner.factor_id, "kind": "totp"}),
    ]
    assert found[1]["address"] == ELSEWHERE
