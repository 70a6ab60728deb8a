"""Logins with codes: each code, each token and each recovery code is good once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.contracts.events import SessionRevoked
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.factors.enrolled import (
    add_app,
    enrolled,
    first_step,
    login,
    noticed,
    second_step,
    verified,
)
from tests.integration.auth_service.replica import PASSWORD, Clock, Person, Replica
from tests.integration.auth_service.sql import transaction
from tests.support.wait import until


async def test_a_password_alone_signs_in_no_longer_and_a_code_completes_it(
    auth: Replica, clock: Clock
) -> None:
    owner = await enrolled(auth, clock)
    step = await first_step(auth, owner.person.email)
    assert step["factors"] == ["recovery_code", "totp"]
    assert "passkey_options" not in step
    assert "access_token" not in step
    pair = await second_step(auth, step["factor_token"], code=owner.app.code())
    assert pair.status_code == 200
    assert await auth.is_active(pair.json()["access_token"])
    assert (await auth.refresh(pair.json()["refresh_token"])).status_code == 200


async def test_a_login_without_a_factor_is_as_before(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    added = await person.call("POST", "auth/factors/totp")
    assert added.status_code == 201
    assert (await auth.login(person.email)).status_code == 200, "not asked for before it is confirmed"


async def test_a_wrong_password_is_told_nothing_of_factors(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    refused = await auth.login(owner.person.email, "a guess of mine")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    assert "factors" not in refused.json()


async def test_a_code_is_good_once_on_all_replicas(auth: Replica, second: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    code, email = owner.app.code(), owner.person.email
    tokens = [(await first_step(auth, email))["factor_token"] for _ in range(4)]
    answers = await asyncio.gather(
        *(second_step(each, token, code=code) for each, token in zip((auth, second) * 2, tokens, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert (await login(auth, email, code=code)).status_code == 401
    assert (await login(auth, email, code=owner.app.code(-1))).status_code == 401, "an earlier one"
    assert (await login(auth, email, code=owner.app.next())).status_code == 200


async def test_the_code_that_confirmed_an_app_signs_nobody_in(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    confirming = owner.app.code(-1)
    assert (await login(auth, owner.person.email, code=confirming)).status_code == 401


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_wrong_by_one_step(auth: Replica, clock: Clock, steps: int, status: int) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=2)
    assert (await login(auth, owner.person.email, code=owner.app.code(steps))).status_code == status


async def test_a_code_may_be_written_with_blanks(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    code = owner.app.code()
    assert (await login(auth, owner.person.email, code=f" {code[:3]} {code[3:]} ")).status_code == 200


async def test_a_factor_token_is_good_once(auth: Replica, second: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    token = (await first_step(auth, owner.person.email))["factor_token"]
    answers = await asyncio.gather(
        *(second_step(each, token, code=owner.recovery_codes[n]) for n, each in enumerate((auth, second) * 2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    again = await second_step(auth, token, code=owner.app.code())
    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    assert (await login(auth, owner.person.email, code=owner.app.code())).status_code == 200


async def test_a_factor_token_lives_for_five_minutes(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    early, late = [(await first_step(auth, owner.person.email))["factor_token"] for _ in range(2)]
    clock.advance(minutes=4, seconds=59)
    assert (await second_step(auth, early, code=owner.app.code())).status_code == 200
    clock.advance(seconds=1)
    assert (await second_step(auth, late, code=owner.app.code(1))).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\x00", "ü"])
async def test_an_unknown_factor_token_is_refused(auth: Replica, clock: Clock, token: str) -> None:
    owner = await enrolled(auth, clock)
    answer = await second_step(auth, token, code=owner.app.code())
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_code_of_another_account_is_refused(auth: Replica, clock: Clock) -> None:
    owner, other = await enrolled(auth, clock), await enrolled(auth, clock)
    assert (await login(auth, owner.person.email, code=other.app.next())).status_code == 401
    assert (await login(auth, owner.person.email, code=other.recovery_codes[0])).status_code == 401
    assert (await login(auth, other.person.email, code=other.recovery_codes[0])).status_code == 200


async def test_a_recovery_code_is_good_once_under_concurrent_use(
    auth: Replica, second: Replica, clock: Clock, mails: AccountMails
) -> None:
    owner = await add_app(await verified(await auth.person(), mails), clock)
    email, code = owner.person.email, owner.recovery_codes[3]
    tokens = [(await first_step(auth, email))["factor_token"] for _ in range(6)]
    answers = await asyncio.gather(
        *(second_step(each, token, code=code) for each, token in zip((auth, second) * 3, tokens, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    listed = (await owner.person.call("GET", "auth/factors")).json()
    assert listed["recovery_codes_left"] == 9
    typed = owner.recovery_codes[4].upper().replace("-", " ")
    assert (await login(auth, email, code=typed)).status_code == 200
    await noticed(mails, email, "recovery_code_used")


async def test_each_of_the_ten_recovery_codes_signs_in(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    assert len(set(owner.recovery_codes)) == 10
    for code in owner.recovery_codes:
        assert (await login(auth, owner.person.email, code=code)).status_code == 200


async def test_the_first_factor_ends_sessions_that_have_not_passed_it(
    auth: Replica, clock: Clock, revoked: list[SessionRevoked]
) -> None:
    person, thief = await auth.person(), Person(auth)
    thief.email = person.email
    await thief.sign_in()
    await add_app(person, clock)
    assert await person.is_signed_in()
    assert not await thief.is_signed_in()
    await until(lambda: revoked, what="the gateways hear of the ended session")
    later = Person(auth, email=person.email)
    later._keep(await login(auth, person.email, code=(await add_app(person, clock)).app.next()))
    assert await person.is_signed_in(), "a second factor ends none"


@pytest.mark.parametrize("change", ["password/change", "password/reset"])
async def test_a_changed_password_ends_waiting_logins_and_keeps_the_factor(
    auth: Replica, clock: Clock, mails: AccountMails, change: str
) -> None:
    # The first proof of an address would remove the factor.
    owner = await add_app(await verified(await auth.person(), mails), clock)
    new = "another correct horse"
    email = owner.person.email
    token = (await first_step(auth, email))["factor_token"]
    if change == "password/change":
        done = await owner.person.call("POST", f"auth/{change}", current_password=PASSWORD, password=new)
    else:
        await auth.post("password/forgot", email=email)
        done = await auth.post("password/reset", token=await mails.reset(email), password=new)
    assert done.status_code == 204
    assert (await second_step(auth, token, code=owner.app.code())).status_code == 401
    asked = await auth.login(email, new)
    assert asked.json()["code"] == "second_factor_required"
    answer = await second_step(auth, asked.json()["factor_token"], code=owner.app.code())
    assert answer.status_code == 200


@pytest.mark.parametrize("answer", [{}, {"code": "123456", "credential": None}, {"code": 123456}])
async def test_a_second_step_needs_one_answer(auth: Replica, clock: Clock, answer: dict[str, Any]) -> None:
    owner = await enrolled(auth, clock)
    token = (await first_step(auth, owner.person.email))["factor_token"]
    refused = await second_step(auth, token, **answer)
    assert refused.status_code == (401 if answer.get("code") == "123456" else 400)
    assert (await second_step(auth, token, code=owner.app.code())).status_code == 200


async def test_a_disabled_account_cannot_finish_a_login(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    owner, admin = await enrolled(auth, clock), await auth.person()
    token = (await first_step(auth, owner.person.email))["factor_token"]

    async with transaction(postgres_url) as session:
        update = text("UPDATE auth.users SET disabled_at = now() WHERE email = :email")
        await session.execute(update, {"email": owner.person.email})
    assert (await second_step(auth, token, code=owner.app.code())).status_code == 401
    assert await admin.is_signed_in()
