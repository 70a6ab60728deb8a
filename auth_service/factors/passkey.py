"""Passkeys (WebAuthn level 3): options for browsers, and verification of their answers.

A passkey is the second step after a password, so the authenticator need not verify its user; it must be
present. Attestation is not asked for: who made an authenticator does not matter here.
"""

import base64
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
)

from auth_service.factors.model import Factor
from auth_service.factors.relying_party import RelyingParty
from shared.contracts.webauthn import (
    AuthenticationCredential,
    CreationOptions,
    RegistrationCredential,
    RequestOptions,
)

CHALLENGE_BYTES = 32
TIMEOUT_MS = 300_000
TRANSPORTS = frozenset(AuthenticatorTransport)
# Others need certificates, and browsers send none unless attestation is asked for (§5.4.7).
FORMATS = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})

# What decoders raise for hostile CBOR, JSON and keys, besides the library's own exceptions.
MALFORMED = (
    WebAuthnException,
    ArithmeticError,
    AttributeError,
    LookupError,
    msgspec.MsgspecError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
)


class BadCredential(Exception):
    """The credential proves nothing: it is malformed, or was made for another challenge, page or key."""


class NewCredential(msgspec.Struct, frozen=True):
    """A verified new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def new_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def creation_options(
    party: RelyingParty, user_id: bytes, email: str, challenge: bytes, known: Sequence[Factor]
) -> CreationOptions:
    """Options for `navigator.credentials.create()`; `known` passkeys are not created again."""
    made = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_id,
        user_name=email,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, require_resident_key=False
        ),
        exclude_credentials=[_descriptor(each) for each in known],
    )
    return msgspec.json.decode(webauthn.options_to_json(made), type=CreationOptions)


def request_options(party: RelyingParty, challenge: bytes, known: Sequence[Factor]) -> RequestOptions:
    """Options for `navigator.credentials.get()` with one of the `known` passkeys."""
    made = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[_descriptor(each) for each in known],
    )
    return msgspec.json.decode(webauthn.options_to_json(made), type=RequestOptions)


def verify_new(party: RelyingParty, credential: RegistrationCredential, challenge: bytes) -> NewCredential:
    """Verifies a registration (§7.1). Raises BadCredential."""
    try:
        _refuse_cross_origin(credential.response.client_data)
        if parse_attestation_object(_bytes(credential.response.attestation_object)).fmt not in FORMATS:
            raise BadCredential
        verified = webauthn.verify_registration_response(
            credential=_builtins(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
        )
    except MALFORMED as error:
        raise BadCredential(str(error)) from error
    return NewCredential(verified.credential_id, verified.credential_public_key, verified.sign_count)


def verify_use(
    party: RelyingParty, credential: AuthenticationCredential, challenge: bytes, passkey: Factor
) -> int:
    """Verifies an assertion of a stored passkey (§7.2) and returns the new sign count. A count that does not
    rise is refused, as a sign of a copied authenticator, unless it is always zero. Raises BadCredential.
    """
    try:
        _refuse_cross_origin(credential.response.client_data)
        verified = webauthn.verify_authentication_response(
            credential=_builtins(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key or b"",
            credential_current_sign_count=passkey.sign_count or 0,
        )
    except MALFORMED as error:
        raise BadCredential(str(error)) from error
    return verified.new_sign_count


def challenge_of(client_data: str) -> bytes:
    """The challenge that a credential claims to answer. Raises BadCredential."""
    try:
        return _bytes(_client_data(client_data).challenge)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadCredential(str(error)) from error


def credential_id(credential: AuthenticationCredential) -> bytes:
    """Raises BadCredential."""
    try:
        return _bytes(credential.id)
    except ValueError as error:
        raise BadCredential(str(error)) from error


class _ClientData(msgspec.Struct, frozen=True, rename="camel"):
    challenge: str
    cross_origin: bool = False


def _client_data(encoded: str) -> _ClientData:
    return msgspec.json.decode(_bytes(encoded), type=_ClientData)


def _refuse_cross_origin(client_data: str) -> None:
    """Refuses answers from a frame in another site's page (§7.1 step 10, §7.2 step 14): the library accepts
    them.
    """
    if _client_data(client_data).cross_origin:
        raise BadCredential


def _descriptor(passkey: Factor) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(each) for each in passkey.transports or () if each in TRANSPORTS]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id or b"", transports=transports or None)


def _builtins(credential: RegistrationCredential | AuthenticationCredential) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(credential)
    return built


def _bytes(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
