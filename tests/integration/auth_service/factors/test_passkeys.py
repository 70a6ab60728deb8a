"""Passkeys with a software authenticator: registration, logins, proofs, and attacks on each."""

import asyncio
from typing import Any

import pytest

from tests.integration.auth_service.factors.enrolled import (
    add_app,
    add_passkey,
    enrolled,
    first_step,
    second_step,
)
from tests.integration.auth_service.replica import Clock, Person, Replica, running, settings
from tests.support.authenticator import USER_VERIFIED, Authenticator, encoded
from tests.support.messaging import MemoryBroker


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator()


@pytest.fixture
async def person(auth: Replica, authenticator: Authenticator) -> Person:
    """An account whose only factor is the authenticator's passkey."""
    person = await auth.person()
    assert (await add_passkey(person, authenticator)).status_code == 201
    return person


async def test_a_passkey_is_added_and_listed_and_the_first_factor_brings_recovery_codes(
    auth: Replica, authenticator: Authenticator
) -> None:
    person = await auth.person()
    options = (await person.call("POST", "auth/factors/passkeys/options")).json()
    assert options["rp"] == {"id": "localhost", "name": "Tonegate"}
    assert options["user"]["name"] == person.email
    assert -7 in {each["alg"] for each in options["pubKeyCredParams"]}
    credential = authenticator.create(options)
    added = await person.call("POST", "auth/factors/passkeys", name="laptop", credential=credential)
    assert added.status_code == 201
    assert len(added.json()["recovery_codes"]) == 10
    (listed,) = (await person.call("GET", "auth/factors")).json()["items"]
    assert (listed["kind"], listed["name"], listed["confirmed"]) == ("passkey", "laptop", True)
    again = (await person.call("POST", "auth/factors/passkeys/options")).json()
    assert [each["id"] for each in again["excludeCredentials"]] == [encoded(authenticator.id)]
    second = await add_passkey(person, Authenticator(), "key ring")
    assert second.json()["recovery_codes"] == []


async def test_a_login_with_a_passkey(auth: Replica, person: Person, authenticator: Authenticator) -> None:
    step = await first_step(auth, person.email)
    assert step["factors"] == ["passkey", "recovery_code"]
    options = step["passkey_options"]
    assert options["rpId"] == "localhost"
    assert options["allowCredentials"] == [
        {"id": encoded(authenticator.id), "type": "public-key", "transports": ["internal"]}
    ]
    answer = await second_step(auth, step["factor_token"], credential=authenticator.get(options))
    assert answer.status_code == 200
    assert await auth.is_active(answer.json()["access_token"])


async def test_a_passkey_of_another_account_is_refused(
    auth: Replica, person: Person, authenticator: Authenticator
) -> None:
    thief, own = await auth.person(), Authenticator()
    assert (await add_passkey(thief, own)).status_code == 201
    step = await first_step(auth, person.email)
    refused = await second_step(auth, step["factor_token"], credential=own.get(step["passkey_options"]))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    own.id = authenticator.id  # the right id, with another key
    refused = await second_step(auth, step["factor_token"], credential=own.get(step["passkey_options"]))
    assert refused.status_code == 401
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], credential=assertion)).status_code == 200


async def test_an_assertion_for_another_login_is_refused(
    auth: Replica, person: Person, authenticator: Authenticator
) -> None:
    one, other = [await first_step(auth, person.email) for _ in range(2)]
    assertion = authenticator.get(one["passkey_options"])
    assert (await second_step(auth, other["factor_token"], credential=assertion)).status_code == 401
    assert (await second_step(auth, one["factor_token"], credential=assertion)).status_code == 200
    assert (await second_step(auth, one["factor_token"], credential=assertion)).status_code == 401


@pytest.mark.parametrize("changed", [-1, 0], ids=["goes down", "stays"])
async def test_a_sign_count_that_does_not_rise_is_refused(
    auth: Replica, person: Person, authenticator: Authenticator, changed: int
) -> None:
    step = await first_step(auth, person.email)
    authenticator.sign_count = 10
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], credential=assertion)).status_code == 200
    step = await first_step(auth, person.email)
    authenticator.sign_count += changed - 1
    copied = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], credential=copied)).status_code == 401
    authenticator.sign_count = 11
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], credential=assertion)).status_code == 200


async def test_a_passkey_that_is_shared_between_devices_counts_nothing(auth: Replica) -> None:
    person, synced = await auth.person(), Authenticator(sign_count=0)
    assert (await add_passkey(person, synced)).status_code == 201
    for _ in range(3):
        synced.sign_count = -1
        step = await first_step(auth, person.email)
        assertion = synced.get(step["passkey_options"])
        assert (await second_step(auth, step["factor_token"], credential=assertion)).status_code == 200


@pytest.mark.parametrize(
    "tampered",
    [
        {"client_data": {"challenge": encoded(b"another challenge of 32 bytes, as"[:32])}},
        {"client_data": {"challenge": ""}},
        {"client_data": {"challenge": 7}},
        {"client_data": {"type": "webauthn.create"}},
        {"client_data": {"crossOrigin": True}},
        {"origin": "https://localhost.example.org"},
        {"origin": "http://localhost:8001"},
        {"flags": USER_VERIFIED},
    ],
    ids=str,
)
async def test_a_tampered_assertion_is_refused(
    auth: Replica, person: Person, authenticator: Authenticator, tampered: dict[str, Any]
) -> None:
    step = await first_step(auth, person.email)
    changed = Authenticator(**{**authenticator.__dict__, **tampered})
    refused = await second_step(auth, step["factor_token"], credential=changed.get(step["passkey_options"]))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    authenticator.sign_count = changed.sign_count
    assertion = authenticator.get(step["passkey_options"])
    assert (await second_step(auth, step["factor_token"], credential=assertion)).status_code == 200


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", ["AA", "e30", "W10", "-" * 40, "/+/+", ""])
async def test_hostile_bytes_are_refused(
    auth: Replica, person: Person, authenticator: Authenticator, field: str, value: str
) -> None:
    step = await first_step(auth, person.email)
    assertion = authenticator.get(step["passkey_options"])
    assertion["response"][field] = value
    answer = await second_step(auth, step["factor_token"], credential=assertion)
    assert answer.status_code == (400 if value in {"", "/+/+"} else 401)


@pytest.mark.parametrize(
    "tampered",
    [
        {"client_data": {"challenge": encoded(bytes(32))}},
        {"client_data": {"type": "webauthn.get"}},
        {"client_data": {"crossOrigin": True}},
        {"origin": "https://evil.example"},
        {"flags": 0},
    ],
    ids=str,
)
async def test_a_tampered_registration_is_refused_and_spends_its_challenge(
    auth: Replica, tampered: dict[str, Any]
) -> None:
    person, authenticator = await auth.person(), Authenticator()
    options = (await person.call("POST", "auth/factors/passkeys/options")).json()
    credential = Authenticator(**{**authenticator.__dict__, **tampered}).create(options)
    refused = await person.call("POST", "auth/factors/passkeys", name="x", credential=credential)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "credential")
    again = await person.call(
        "POST", "auth/factors/passkeys", name="x", credential=authenticator.create(options)
    )
    assert again.status_code == (201 if "challenge" in tampered.get("client_data", {}) else 400)


async def test_a_challenge_belongs_to_a_session_and_a_purpose_and_lives_for_five_minutes(
    auth: Replica, clock: Clock, authenticator: Authenticator
) -> None:
    person, thief = await auth.person(), await auth.person()
    options = (await person.call("POST", "auth/factors/passkeys/options")).json()
    body = {"name": "x", "credential": authenticator.create(options)}
    assert (await thief.call("POST", "auth/factors/passkeys", **body)).status_code == 400
    clock.advance(minutes=5)
    assert (await person.call("POST", "auth/factors/passkeys", **body)).status_code == 400
    assert (await add_passkey(person, authenticator)).status_code == 201
    proving = (await person.call("POST", "auth/proof/options")).json()
    options["challenge"] = proving["challenge"]
    body = {"name": "y", "credential": Authenticator().create(options)}
    assert (await person.call("POST", "auth/factors/passkeys", **body)).status_code == 400


async def test_a_challenge_is_good_once_under_concurrent_use(
    auth: Replica, second: Replica, authenticator: Authenticator
) -> None:
    person = await auth.person()
    options = (await person.call("POST", "auth/factors/passkeys/options")).json()
    body: dict[str, Any] = {"name": "x", "credential": authenticator.create(options)}
    answers = await asyncio.gather(
        *(
            replica.call("POST", "auth/factors/passkeys", person.access_token, **body)
            for replica in (auth, second) * 2
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]


async def test_a_registered_passkey_is_registered_for_no_other_account(
    auth: Replica, person: Person, authenticator: Authenticator
) -> None:
    refused = await add_passkey(await auth.person(), authenticator)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_a_session_is_proven_by_a_passkey_once_for_each_challenge(
    auth: Replica, clock: Clock, person: Person, authenticator: Authenticator
) -> None:
    clock.advance(minutes=6)
    assert (await person.call("POST", "auth/api-keys", name="ci")).status_code == 403
    options = (await person.call("POST", "auth/proof/options")).raise_for_status().json()
    assertion = authenticator.get(options)
    assert (await person.call("POST", "auth/proof", credential=assertion)).status_code == 204
    assert (await person.call("POST", "auth/api-keys", name="ci")).status_code == 201
    again = await person.call("POST", "auth/proof", credential=assertion)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_credentials")


async def test_a_challenge_of_a_login_proves_no_session(
    auth: Replica, person: Person, authenticator: Authenticator
) -> None:
    step = await first_step(auth, person.email)
    assertion = authenticator.get(step["passkey_options"])
    assert (await person.call("POST", "auth/proof", credential=assertion)).status_code == 401


async def test_without_a_passkey_there_are_no_options(auth: Replica, clock: Clock) -> None:
    owner = await enrolled(auth, clock)
    refused = await owner.person.call("POST", "auth/proof/options")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_the_relying_party_is_the_host_of_the_public_url(
    postgres_url: str, clock: Clock, broker: MemoryBroker
) -> None:
    configured = settings(postgres_url, public_url="https://media.example.org/audio")
    async with running(configured, clock, broker) as auth:
        await auth.ready()
        person, elsewhere = await auth.person(), Authenticator()
        here = Authenticator(origin="https://media.example.org")
        assert (await add_passkey(person, elsewhere)).status_code == 400
        assert (await add_passkey(person, here)).status_code == 201


async def test_at_an_ip_address_there_are_codes_but_no_passkeys(
    postgres_url: str, clock: Clock, broker: MemoryBroker
) -> None:
    configured = settings(postgres_url, public_url="https://192.0.2.7")
    async with running(configured, clock, broker) as auth:
        await auth.ready()
        person = await auth.person()
        refused = await person.call("POST", "auth/factors/passkeys/options")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        await add_app(person, clock)
