"""JSON forms of WebAuthn level 3 (§5.1.8 to §5.1.10): options for browsers and the credentials they answer.

Fields of credentials that are not needed are ignored; extensions are not used.
"""

from typing import Annotated, Literal

import msgspec

MAX_ID, MAX_DATA = 1400, 16_384

Bytes = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_DATA, pattern=r"^[A-Za-z0-9_-]+(?![\s\S])")]
CredentialId = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_ID, pattern=r"^[A-Za-z0-9_-]+(?![\s\S])")
]
Transports = Annotated[list[Annotated[str, msgspec.Meta(max_length=32)]], msgspec.Meta(max_length=16)]


class AttestationResponse(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticatorAttestationResponseJSON`"""

    client_data: Bytes = msgspec.field(name="clientDataJSON")
    attestation_object: Bytes
    transports: Transports = msgspec.field(default_factory=list)


class RegistrationCredential(msgspec.Struct, frozen=True, rename="camel"):
    """`RegistrationResponseJSON`: `credential.toJSON()` after `navigator.credentials.create()`"""

    id: CredentialId
    raw_id: CredentialId
    response: AttestationResponse
    type: Literal["public-key"]


class AssertionResponse(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticatorAssertionResponseJSON`"""

    client_data: Bytes = msgspec.field(name="clientDataJSON")
    authenticator_data: Bytes
    signature: Bytes


class AuthenticationCredential(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticationResponseJSON`: `credential.toJSON()` after `navigator.credentials.get()`"""

    id: CredentialId
    raw_id: CredentialId
    response: AssertionResponse
    type: Literal["public-key"]


class RelyingPartyEntity(msgspec.Struct, frozen=True):
    """`PublicKeyCredentialRpEntity`"""

    id: str
    name: str


class UserEntity(msgspec.Struct, frozen=True, rename="camel"):
    """`PublicKeyCredentialUserEntityJSON`"""

    id: str
    name: str
    display_name: str


class Algorithm(msgspec.Struct, frozen=True):
    """`PublicKeyCredentialParameters`, with the algorithm's number in COSE"""

    alg: int
    type: str = "public-key"


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`PublicKeyCredentialDescriptorJSON`"""

    id: str
    type: str
    transports: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class AuthenticatorSelection(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticatorSelectionCriteria`"""

    resident_key: str
    require_resident_key: bool
    user_verification: str


class CreationOptions(msgspec.Struct, frozen=True, rename="camel"):
    """`PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON()`. The
    time-out is in milliseconds.
    """

    rp: RelyingPartyEntity
    user: UserEntity
    challenge: str
    pub_key_cred_params: tuple[Algorithm, ...]
    timeout: int
    exclude_credentials: tuple[Descriptor, ...]
    authenticator_selection: AuthenticatorSelection
    attestation: str


class RequestOptions(msgspec.Struct, frozen=True, rename="camel"):
    """`PublicKeyCredentialRequestOptionsJSON`, for `PublicKeyCredential.parseRequestOptionsFromJSON()`. The
    time-out is in milliseconds.
    """

    challenge: str
    timeout: int
    rp_id: str
    allow_credentials: tuple[Descriptor, ...]
    user_verification: str
