"""Problem responses that only auth_service gives."""

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


class LastAdministrator(Conflict):
    title = "The last administrator cannot be deleted."


class TooManyKeys(Conflict):
    title = "Too many API keys."


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
