"""Authorization responses that are no success (RFC 6749 §4.1.2.1)."""

from auth_service.oauth.errors import Cancelled, Refused
from auth_service.oauth.providers.http_client import gone
from auth_service.oauth.providers.ports import Answer
from shared.logs import get_logger

CANCELLED = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})
LATER = frozenset({"server_error", "temporarily_unavailable"})


def refuse_errors(answer: Answer) -> str:
    """The code. Raises Cancelled, Refused, ProviderAway."""
    if answer.error in CANCELLED:
        raise Cancelled
    if answer.error in LATER:
        raise gone("it says that it cannot answer now")
    if answer.error is not None:
        get_logger(__name__).warning("a provider refused a sign-in", error=answer.error[:64])
        raise Refused
    if not answer.code:
        raise Refused
    return answer.code
