"""Answers to the question for a second factor: a code, or a passkey's credential."""

from shared.contracts.webauthn import AuthenticationCredential
from shared.errors import FieldError, InvalidRequest

Answer = str | AuthenticationCredential


def parse_answer(code: str | None, credential: AuthenticationCredential | None) -> Answer:
    """Raises InvalidRequest unless exactly one is given."""
    if (code is None) == (credential is None):
        problem = FieldError("code", "give either a code or a credential")
        raise InvalidRequest("The request is not valid.", errors=[problem])
    return code if code is not None else credential  # type: ignore[return-value]  # one of both is given
