"""The operator removes the factors of an account whose owner has lost them."""

import pytest

from auth_service.cli import CommandError, run_command
from auth_service.settings import CommandSettings
from shared.settings import Secret
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.factors.enrolled import (
    add_app,
    add_passkey,
    first_step,
    noticed,
    second_step,
    verified,
)
from tests.integration.auth_service.replica import DATA_KEYS, PASSWORD, Clock, Person, Replica
from tests.integration.auth_service.test_cli import actions
from tests.support.authenticator import Authenticator

NEW = "another correct horse"


@pytest.fixture
def command(postgres_url: str) -> CommandSettings:
    return CommandSettings(database_url=Secret(postgres_url), data_keys=Secret(DATA_KEYS))


async def test_lost_factors_are_removed_recorded_and_mailed_and_sessions_end(
    auth: Replica, clock: Clock, mails: AccountMails, postgres_url: str, command: CommandSettings
) -> None:
    owner = await add_app(await verified(await auth.person(), mails), clock)
    person = owner.person
    await add_passkey(person, Authenticator())
    token = (await first_step(auth, person.email))["factor_token"]
    output = await run_command(["remove-factors", f" {person.email.upper()} "], command, clock.now)
    assert "has no second factor any more" in output
    assert (await second_step(auth, token, code=owner.recovery_codes[0])).status_code == 401
    assert not await person.is_signed_in()
    await person.sign_in()
    assert (await person.call("GET", "auth/factors")).json() == {"items": [], "recovery_codes_left": 0}
    await noticed(mails, person.email, "factor_removed")
    assert ("factors_removed", None) in await actions(postgres_url)
    events = (await person.call("GET", "auth/activity")).json()["items"]
    removal = next(each for each in events if each["event"] == "factor_removed")
    assert removal["details"] == {"by": "operator", "kinds": "passkey totp"}


async def test_accounts_without_factors_and_unknown_ones_are_named(
    auth: Replica, clock: Clock, postgres_url: str, command: CommandSettings
) -> None:
    person = await auth.person()
    for email, problem in ((person.email, "no second factor"), ("nobody@example.org", "no account")):
        with pytest.raises(CommandError, match=problem):
            await run_command(["remove-factors", email], command, clock.now)
    assert await person.is_signed_in()

    assert ("factors_removed", None) not in await actions(postgres_url)


async def test_the_first_reset_of_an_unverified_account_removes_the_factors_of_who_registered_it(
    auth: Replica, clock: Clock, mails: AccountMails
) -> None:
    """A second reset, of what is the reader's account by then, removes none."""
    attacker = (await add_app(await auth.person(), clock)).person
    await auth.post("password/forgot", email=attacker.email)
    secret = await mails.reset(attacker.email)
    assert (await auth.post("password/reset", token=secret, password=NEW)).status_code == 204
    owner = Person(auth, attacker.email)
    await owner.sign_in(NEW)
    assert (await owner.call("GET", "auth/factors")).json() == {"items": [], "recovery_codes_left": 0}
    await noticed(mails, owner.email, "factor_removed")
    await add_app(owner, clock)
    await auth.post("password/forgot", email=owner.email)
    secret = await mails.reset(owner.email, 2)
    assert (await auth.post("password/reset", token=secret, password=PASSWORD)).status_code == 204
    await first_step(auth, owner.email)
