"""The authorization response (RFC 6749 §4.1.2): its code, or its error as an exception."""

from auth_service.oauth.errors import LoginCancelled, LoginRefused
from auth_service.oauth.providers.http_client import provider_unavailable
from auth_service.oauth.providers.ports import AuthorizationResponse
from shared.logs import get_logger

CANCELLED = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})
TEMPORARY = frozenset({"server_error", "temporarily_unavailable"})


def authorization_code(response: AuthorizationResponse) -> str:
    """The code of a successful response. Raises LoginCancelled, LoginRefused, ProviderUnavailable."""
    if response.error in CANCELLED:
        raise LoginCancelled
    if response.error in TEMPORARY:
        raise provider_unavailable("temporary error in the authorization response")
    if response.error is not None:
        get_logger(__name__).warning("provider refused the login", error=response.error[:64])
        raise LoginRefused
    if not response.code:
        raise LoginRefused
    return response.code
