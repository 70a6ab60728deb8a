"""The answers that only this service gives."""

from uuid import UUID

from shared.contracts.headers import REVOKED_SESSION
from shared.errors import Conflict, FieldError, InvalidRequest, InvalidToken, ServiceError, Unauthenticated


class EmailTaken(Conflict):
    code, title = "email_taken", "This address already has an account."


class InvalidCredentials(ServiceError):
    """Says the same of an unknown address and of a wrong password. RFC 9110 §15.5.2: a 401 names a scheme."""

    status, code, title = 401, "invalid_credentials", "The address is unknown or the password is wrong."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class WeakPassword(ServiceError):
    status, code, title = 422, "weak_password", "The password is too weak."


class TokenRefused(InvalidToken):
    """RFC 6750 §3.1: a token was sent, and it is expired, revoked or none of ours. It is not told which.

    `revoked_session` is one that was ended because of it; the gateway is told, and nobody behind it.
    """

    title = "The token is not valid."

    def __init__(self, revoked_session: UUID | None = None) -> None:
        told = {} if revoked_session is None else {REVOKED_SESSION: str(revoked_session)}
        super().__init__(headers=told)


class LinkRefused(InvalidRequest):
    """The secret of a mailed link. It is not told whether it was used, has expired or never existed."""

    def __init__(self) -> None:
        problem = "is not valid, was used before or has expired"
        super().__init__("The link is no longer good.", errors=[FieldError("token", problem)])


class OwnAdministrator(Conflict):
    title = "Administrators cannot take their own rights away."


class LastAdministrator(Conflict):
    title = "There must be an administrator."


class TooManyKeys(Conflict):
    title = "Too many API keys."


class OnlyWayIn(Conflict):
    title = "There would be no way left to sign in; set a password first."


class NotTheGateway(Unauthenticated):
    """RFC 7662 §2.3: introspection is for those who authenticate themselves."""

    title = "This is for the gateway alone."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="introspection", charset="UTF-8"'})


def bad_field(field: str, problem: str) -> InvalidRequest:
    return InvalidRequest("The request is not valid.", errors=[FieldError(field, problem)])
