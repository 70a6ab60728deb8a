"""Credentials of passkeys: any bytes are verified or refused, never an unexpected error."""

import base64

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.factors.model import Factor
from auth_service.factors.passkey import (
    BadCredential,
    challenge_of,
    creation_options,
    new_challenge,
    request_options,
    verify_new,
    verify_use,
)
from auth_service.factors.relying_party import RelyingParty
from shared.contracts.webauthn import AuthenticationCredential, RegistrationCredential
from tests.support.authenticator import Authenticator, Json, encoded

PARTY = RelyingParty("localhost", ("http://localhost:8000",))
CHALLENGE = bytes(range(32))
DEVICE = Authenticator()
CREATED = DEVICE.create({"rp": {"id": "localhost"}, "challenge": encoded(CHALLENGE)})
USED = DEVICE.get({"rpId": "localhost", "challenge": encoded(CHALLENGE)})


def registration(**changes: str) -> RegistrationCredential:
    response = {**CREATED["response"], **changes}
    return msgspec.convert({**CREATED, "response": response}, RegistrationCredential)


def assertion(**changes: str) -> AuthenticationCredential:
    response = {**USED["response"], **changes}
    return msgspec.convert({**USED, "response": response}, AuthenticationCredential)


def passkey() -> Factor:
    made = verify_new(PARTY, registration(), CHALLENGE)
    return Factor(credential_id=made.credential_id, public_key=made.public_key, sign_count=made.sign_count)


def test_a_passkey_is_created_and_used() -> None:
    assert verify_use(PARTY, assertion(), CHALLENGE, passkey()) == DEVICE.sign_count
    assert challenge_of(USED["response"]["clientDataJSON"]) == CHALLENGE


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_any_bytes_in_a_registration_are_refused(content: bytes, field: str) -> None:
    with pytest.raises(BadCredential):
        verify_new(PARTY, registration(**{field: encoded(content)}), CHALLENGE)


@given(st.data(), st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_a_changed_byte_of_a_registration_is_refused_or_harmless(data: st.DataObject, field: str) -> None:
    changed = mutated(data, CREATED["response"][field])
    try:
        made = verify_new(PARTY, registration(**{field: changed}), CHALLENGE)
    except BadCredential:
        return
    stored = Factor(credential_id=made.credential_id, public_key=made.public_key, sign_count=0)
    try:
        verify_use(PARTY, assertion(), CHALLENGE, stored)
    except BadCredential:
        return


@given(st.data(), st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
def test_a_changed_byte_of_an_assertion_is_refused(data: st.DataObject, field: str) -> None:
    changed = mutated(data, USED["response"][field])
    with pytest.raises(BadCredential):
        verify_use(PARTY, assertion(**{field: changed}), CHALLENGE, passkey())


def mutated(data: st.DataObject, text: str) -> str:
    content = bytearray(base64.urlsafe_b64decode(text + "=="))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    return encoded(bytes(content))


@pytest.mark.parametrize("fmt", ["packed", "tpm", "android-safetynet", "fido-u2f", "apple", "", 7, ["none"]])
def test_attestation_is_neither_needed_nor_believed(fmt: object) -> None:
    attestation = cbor2.loads(base64.urlsafe_b64decode(CREATED["response"]["attestationObject"] + "=="))
    changed = encoded(cbor2.dumps({**attestation, "fmt": fmt, "attStmt": {"alg": -7, "sig": b"x"}}))
    with pytest.raises(BadCredential):
        verify_new(PARTY, registration(attestationObject=changed), CHALLENGE)


def sent(options: object) -> Json:
    decoded: Json = msgspec.json.decode(msgspec.json.encode(options))
    return decoded


def test_options_are_what_browsers_parse() -> None:
    known = passkey()
    created = sent(creation_options(PARTY, b"u" * 16, "a@b.example", CHALLENGE, [known]))
    assert created["rp"] == {"id": "localhost", "name": "Tonegate"}
    assert created["user"] == {"id": encoded(b"u" * 16), "name": "a@b.example", "displayName": "a@b.example"}
    assert created["challenge"] == encoded(CHALLENGE)
    assert created["attestation"] == "none"
    assert created["excludeCredentials"] == [{"id": encoded(DEVICE.id), "type": "public-key"}]
    known.transports = ["usb", "of a later version"]
    requested = sent(request_options(PARTY, CHALLENGE, [known]))
    assert requested["allowCredentials"] == [
        {"id": encoded(DEVICE.id), "type": "public-key", "transports": ["usb"]}
    ]
    assert (requested["rpId"], requested["userVerification"]) == ("localhost", "preferred")


def test_challenges_have_256_bits_and_are_unique() -> None:
    assert {len(new_challenge()) for _ in range(10)} == {32}
    assert len({new_challenge() for _ in range(100)}) == 100
