"""Problem responses that only auth_service gives."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.contracts.sessions import REVOKED_SESSION
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InvalidRequest,
    InvalidToken,
    ServiceError,
    Unauthenticated,
)


class EmailTaken(Conflict):
    code, title = "email_taken", "This address already has an account."


class InvalidCredentials(ServiceError):
    """Unknown address or wrong password, indistinguishably. A 401 names a scheme (RFC 9110 §15.5.2)."""

    status, code, title = 401, "invalid_credentials", "The address or the password is wrong."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class WrongFactor(InvalidCredentials):
    """The code or the passkey's credential is wrong, was used before or is another account's."""

    title = "The code or the passkey is wrong, or was used before."


class FactorTokenEnded(InvalidToken):
    """The factor token is unknown, used, expired, or had too many wrong tries; the response does not say
    which.
    """

    title = "This sign-in has ended. Please sign in again."


class SecondFactorRequired(ServiceError):
    """The answer to a first step that was right; `members` are what the client needs for the second step."""

    status, code = 401, "second_factor_required"
    title = "Send a code or a passkey's credential to /v1/auth/login/factor, with the factor token."

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"}, members=members)


class FactorProofRequired(Forbidden):
    """The account has a second factor, so a sensitive change needs a fresh proof by one."""

    code = "proof_required"
    title = "Send a code or a passkey's credential to /v1/auth/proof, or sign in again; then repeat this."


class ProofRequired(Forbidden):
    """The change needs more than an access token, which may be stolen (ASVS 5.0 §7.5.1)."""

    code = "proof_required"
    title = "Send the password to /v1/auth/proof or as current_password, or sign in again; then repeat this."


class WeakPassword(ServiceError):
    status, code, title = 422, "weak_password", "The password is too weak."


class InvalidRefreshToken(InvalidToken):
    """The refresh token is unknown, spent, expired or revoked; the response does not say which.

    `revoked_session`, the session that was revoked because of token reuse, is sent to the gateway in a header
    that the gateway does not forward.
    """

    title = "The refresh token is not valid."

    def __init__(self, revoked_session: UUID | None = None) -> None:
        super().__init__(headers={REVOKED_SESSION: str(revoked_session)} if revoked_session else None)


class InvalidLink(InvalidRequest):
    """The token of a mailed link is unknown, used or expired; the response does not say which."""

    def __init__(self) -> None:
        problem = "is not valid, was used before or has expired"
        super().__init__("The link is not valid.", errors=[FieldError("token", problem)])


class OwnAdministrator(Conflict):
    title = "Administrators cannot remove their own role or disable themselves."


class UnverifiedAdministrator(Conflict):
    title = "Only an account whose address is verified can become an administrator."


class LastAdministrator(Conflict):
    title = "The last administrator cannot be deleted."


class TooManyKeys(Conflict):
    title = "Too many API keys."


class TooManyFactors(Conflict):
    title = "Too many second factors."


class FactorConfirmed(Conflict):
    title = "This factor is confirmed already."


class KnownPasskey(Conflict):
    title = "This passkey is registered already."


class NoFactors(Conflict):
    title = "This account has no second factor."


class PasskeysUnavailable(Conflict):
    """Browsers create passkeys for domains only, and the system is at an IP address."""

    title = "Passkeys need a domain name, which this system does not have."


class OnlyLoginMethod(Conflict):
    title = "This is the only way to sign in; set a password first."


class GatewayOnly(Unauthenticated):
    """The gateway's credentials are missing or wrong (RFC 7662 §2.3)."""

    title = "Only the gateway may call this."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="introspection", charset="UTF-8"'})


def bad_field(field: str, problem: str) -> InvalidRequest:
    """An InvalidRequest with one field error."""
    return InvalidRequest("The request is not valid.", errors=[FieldError(field, problem)])
