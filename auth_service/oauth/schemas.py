"""Bodies of the provider login endpoints."""

from typing import Annotated

import msgspec

from auth_service.oauth.handover import FrontEnd
from auth_service.oauth.providers.ports import AuthorizationResponse, Parameter

Value = Annotated[str, msgspec.Meta(max_length=128)]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Request to start a login; `browser` is the secret from the browser's cookie, if it has one."""

    browser: Value | None = None
    redirect_uri: Parameter | None = None
    code_challenge: Value | None = None


class Finish(AuthorizationResponse, frozen=True, forbid_unknown_fields=True):
    """The authorization response with its state; `browser` is from the cookie."""

    browser: Value = ""
    state: Value = ""


class Redirected(msgspec.Struct, frozen=True):
    location: str


def parse_front_end(start: Start) -> FrontEnd | None:
    """The front end of a request, or None; a single missing parameter becomes empty and is refused later."""
    if start.redirect_uri is None and start.code_challenge is None:
        return None
    return FrontEnd(start.redirect_uri or "", start.code_challenge or "")
