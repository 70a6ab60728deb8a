"""Adding and removing factors: proofs, mails, records, secrets at rest and bounds."""

import pytest
from sqlalchemy import text

from auth_service.cli import run_command
from auth_service.database.encryption import DataCipher
from auth_service.factors.service import MAX_APPS
from auth_service.maintenance.reencryption import Reencryption
from auth_service.maintenance.sweeper import Sweeper
from auth_service.settings import CommandSettings
from shared.settings import Secret
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.factors.enrolled import (
    App,
    add_app,
    add_passkey,
    enrolled,
    first_step,
    login,
    noticed,
    verified,
)
from tests.integration.auth_service.replica import (
    DATA_KEYS,
    PASSWORD,
    Clock,
    Person,
    Replica,
    running,
    settings,
)
from tests.integration.auth_service.sql import opened, transaction
from tests.support.authenticator import Authenticator
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

CHANGES = [
    ("POST", "auth/factors/totp"),
    ("POST", "auth/factors/passkeys/options"),
    ("POST", "auth/factors/recovery-codes"),
    ("DELETE", "auth/factors/{id}"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_stolen_token_changes_no_factor(auth: Replica, clock: Clock, method: str, path: str) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=6)
    await owner.person.refresh()
    refused = await owner.person.call(method, path.format(id=owner.factor_id))
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert (await owner.person.call("GET", "auth/factors")).json()["recovery_codes_left"] == 10


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_of_an_account_with_a_factor_the_password_changes_none_but_a_factor_does(
    auth: Replica, clock: Clock, method: str, path: str
) -> None:
    owner = await enrolled(auth, clock)
    clock.advance(minutes=6)
    path = path.format(id=owner.factor_id)
    refused = await owner.person.call(method, path, current_password=PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_required")
    assert (await owner.person.call("POST", "auth/proof", password=PASSWORD)).status_code == 204
    assert (await owner.person.call(method, path)).status_code == 403
    assert (await owner.person.call("POST", "auth/proof", code=owner.app.code())).status_code == 204
    assert (await owner.person.call(method, path)).is_success
    clock.advance(minutes=5, seconds=1)
    assert (await owner.person.call(method, path)).status_code == 403


async def test_a_stolen_token_adds_no_first_factor_but_the_password_does(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    clock.advance(minutes=6)
    for path in ("auth/factors/totp", "auth/factors/passkeys/options"):
        assert (await person.call("POST", path)).json()["code"] == "proof_required"
    wrong = await person.call("POST", "auth/factors/totp", current_password="a guess of mine")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert (await person.call("GET", "auth/factors")).json() == {"items": [], "recovery_codes_left": 0}
    await add_app(person, clock, current_password=PASSWORD)


async def test_an_api_key_reads_and_changes_no_factor(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    key = (await owner.person.call("POST", "auth/api-keys", name="ci")).json()["key"]
    for method, path in (("GET", "auth/factors"), *CHANGES):
        refused = await auth.call(method, path.format(id=owner.factor_id), key)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_another_accounts_factor_is_not_found(auth: Replica, clock: Clock) -> None:
    owner, thief = await enrolled(auth, clock), await enrolled(auth, clock)
    assert (await thief.person.call("DELETE", f"auth/factors/{owner.factor_id}")).status_code == 404
    path = f"auth/factors/{owner.factor_id}/confirm"
    assert (await thief.person.call("POST", path, code="123456")).status_code == 404
    assert len((await owner.person.call("GET", "auth/factors")).json()["items"]) == 1


async def test_the_secret_is_for_apps_and_returned_once(auth: Replica) -> None:
    person = await auth.person()
    added = (await person.call("POST", "auth/factors/totp", name="my phone")).json()
    assert added["uri"].startswith("otpauth://totp/Tonegate:")
    assert f"secret={added['secret']}" in added["uri"]
    listed = await person.call("GET", "auth/factors")
    assert added["secret"] not in listed.text
    (factor,) = listed.json()["items"]
    assert (factor["name"], factor["confirmed"], factor["last_used_at"]) == ("my phone", False, None)


async def test_a_wrong_code_confirms_nothing_and_a_factor_is_confirmed_once(
    auth: Replica, clock: Clock
) -> None:
    person = await auth.person()
    added = (await person.call("POST", "auth/factors/totp")).json()
    app, path = App(added["secret"], clock), f"auth/factors/{added['id']}/confirm"
    wrong = await person.call("POST", path, code=app.wrong())
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert (await auth.login(person.email)).status_code == 200
    assert (await person.call("POST", path, code=app.code())).status_code == 200
    again = await person.call("POST", path, code=app.next())
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_an_app_that_is_not_confirmed_is_replaced_and_expires(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    person = await auth.person()
    first, second = [(await person.call("POST", "auth/factors/totp")).json() for _ in range(2)]
    path = f"auth/factors/{first['id']}/confirm"
    assert (await person.call("POST", path, code=App(first["secret"], clock).code())).status_code == 404
    clock.advance(hours=1, seconds=1)
    await person.sign_in()
    path, code = f"auth/factors/{second['id']}/confirm", App(second["secret"], clock).code()
    late = await person.call("POST", path, code=code)
    assert late.status_code == 404
    async with opened(postgres_url) as database:
        await Sweeper(database, settings(postgres_url).activity_keep, clock.now).sweep()
    assert (await person.call("GET", "auth/factors")).json()["items"] == []


async def test_the_last_factor_takes_the_recovery_codes_with_it(
    auth: Replica, clock: Clock, mails: AccountMails
) -> None:
    owner = await add_app(await verified(await auth.person(), mails), clock)
    person, email = owner.person, owner.person.email
    await noticed(mails, email, "factor_added")
    passkey = (await add_passkey(person, Authenticator())).json()["id"]
    assert (await person.call("DELETE", f"auth/factors/{owner.factor_id}")).status_code == 204
    await noticed(mails, email, "factor_removed")
    assert (await login(auth, email, code=owner.recovery_codes[0])).status_code == 200
    assert (await login(auth, email, code=owner.app.code())).status_code == 401
    assert (await person.call("DELETE", f"auth/factors/{passkey}")).status_code == 204
    assert (await person.call("GET", "auth/factors")).json() == {"items": [], "recovery_codes_left": 0}
    assert (await auth.login(email)).status_code == 200
    events = [each["event"] for each in (await person.call("GET", "auth/activity")).json()["items"]]
    assert events.count("factor_removed") == events.count("factor_added") == 2


async def test_new_recovery_codes_end_the_earlier_ones(
    auth: Replica, clock: Clock, mails: AccountMails
) -> None:
    owner = await add_app(await verified(await auth.person(), mails), clock)
    renewed = (await owner.person.call("POST", "auth/factors/recovery-codes")).json()["recovery_codes"]
    assert len(set(renewed) | set(owner.recovery_codes)) == 20
    assert (await login(auth, owner.person.email, code=owner.recovery_codes[0])).status_code == 401
    assert (await login(auth, owner.person.email, code=renewed[0])).status_code == 200
    await noticed(mails, owner.person.email, "recovery_codes_created")
    other = await auth.person()
    assert (await other.call("POST", "auth/factors/recovery-codes")).status_code == 409


async def test_the_number_of_apps_is_bounded(auth: Replica, clock: Clock) -> None:
    person = await auth.person()
    for _ in range(MAX_APPS):
        await add_app(person, clock)
    refused = await person.call("POST", "auth/factors/totp")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_the_database_reveals_no_secret_and_no_recovery_code(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    owner = await enrolled(auth, clock)
    await add_passkey(owner.person, Authenticator())
    await first_step(auth, owner.person.email)
    async with transaction(postgres_url) as session:
        tables = ("factors", "recovery_codes", "pending_logins", "activity", "outbox")
        rows = [str((await session.execute(text(f"SELECT * FROM auth.{table}"))).all()) for table in tables]
    stored = "".join(rows).lower()
    assert owner.app.secret.lower() not in stored
    assert not [code for code in owner.recovery_codes if code in stored or code.replace("-", "") in stored]


async def test_a_secret_copied_to_another_accounts_row_is_worth_nothing(
    auth: Replica, clock: Clock, postgres_url: str
) -> None:
    owner, thief = await enrolled(auth, clock), await enrolled(auth, clock)
    async with transaction(postgres_url) as session:
        copy = "UPDATE auth.factors SET secret = (SELECT secret FROM auth.factors WHERE id = :thief)"
        values = {"thief": thief.factor_id, "owner": owner.factor_id}
        await session.execute(text(f"{copy} WHERE id = :owner"), values)
    assert (await login(auth, owner.person.email, code=thief.app.code())).status_code == 401
    assert (await login(auth, thief.person.email, code=thief.app.code())).status_code == 200


async def test_data_keys_are_replaced_without_interruption(
    auth: Replica, clock: Clock, postgres_url: str, broker: MemoryBroker
) -> None:
    owner, new = await enrolled(auth, clock), "n" * 43
    both = DataCipher(Secret(f"{new},{DATA_KEYS}"))
    async with opened(postgres_url) as database:
        assert await Reencryption(database, both).reencrypt() == 2, "a factor and the signing key"
        assert await Reencryption(database, both).reencrypt() == 0
    async with running(settings(postgres_url, data_keys=Secret(new)), clock, broker) as renewed:
        await renewed.ready()
        assert (await login(renewed, owner.person.email, code=owner.app.code())).status_code == 200


async def test_with_a_lost_data_key_a_recovery_code_still_signs_in(
    auth: Replica, clock: Clock, postgres_url: str, broker: MemoryBroker
) -> None:
    owner = await enrolled(auth, clock)
    lost = Secret("n" * 43)
    async with running(settings(postgres_url, data_keys=lost), clock, broker) as other:
        await until(other.is_ready, what="the migrations have run")
        await run_command(
            ["rotate-keys"], CommandSettings(database_url=Secret(postgres_url), data_keys=lost), clock.now
        )
        clock.advance(seconds=10)
        assert (await login(other, owner.person.email, code=owner.app.code())).status_code == 401
        assert (await login(other, owner.person.email, code=owner.recovery_codes[0])).status_code == 200


async def test_factors_end_with_their_account(auth: Replica, clock: Clock, postgres_url: str) -> None:
    owner = await enrolled(auth, clock)
    await first_step(auth, owner.person.email)
    assert (await owner.person.call("DELETE", "auth/me", password=PASSWORD)).status_code == 204
    async with transaction(postgres_url) as session:
        for table in ("factors", "recovery_codes", "pending_logins"):
            assert await session.scalar(text(f"SELECT count(*) FROM auth.{table}")) == 0


@pytest.mark.parametrize(
    "body", [{}, {"password": PASSWORD, "code": "123456"}, {"code": "1", "credential": {}}, {"proof": "x"}]
)
async def test_a_proof_is_exactly_one_of_three(auth: Replica, body: dict[str, object]) -> None:
    person: Person = await auth.person()
    assert (await person.call("POST", "auth/proof", **body)).status_code == 400
