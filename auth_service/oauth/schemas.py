"""Bodies of the provider login endpoints, from which the gateway makes redirects and cookies."""

from typing import Annotated

import msgspec

from auth_service.oauth.handover import FrontEnd
from auth_service.oauth.providers.ports import AuthorizationResponse
from auth_service.oauth.service import StartedLogin

Value = Annotated[str, msgspec.Meta(max_length=128)]
Parameter = Annotated[str, msgspec.Meta(max_length=4096)]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request to start a login; `browser` is the secret from the browser's cookie, if it has one."""

    browser: Value | None = None
    redirect_uri: Parameter | None = None
    code_challenge: Value | None = None


class Started(msgspec.Struct, frozen=True):
    location: str
    browser: str
    expires_in: int


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The authorization response (RFC 6749 §4.1.2, RFC 9207 §2); `browser` is from the cookie."""

    browser: Value = ""
    state: Value = ""
    code: Parameter | None = None
    iss: Parameter | None = None
    error: Parameter | None = None


class Redirected(msgspec.Struct, frozen=True):
    location: str


def started_body(login: StartedLogin) -> Started:
    return Started(login.location, login.browser, int(login.lifetime.total_seconds()))


def parse_front_end(start: Start) -> FrontEnd | None:
    """The front end of a request, or None; a single missing parameter becomes empty and is refused later."""
    if start.redirect_uri is None and start.code_challenge is None:
        return None
    return FrontEnd(start.redirect_uri or "", start.code_challenge or "")


def parse_response(finish: Finish) -> AuthorizationResponse:
    return AuthorizationResponse(code=finish.code, issuer=finish.iss, error=finish.error)
