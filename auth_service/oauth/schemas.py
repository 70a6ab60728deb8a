"""Bodies of the calls about signing in with providers; the gateway makes redirects and cookies of them."""

from typing import Annotated

import msgspec

from auth_service.oauth.providers.ports import Answer
from auth_service.oauth.service import Begun, FrontEnd

Value = Annotated[str, msgspec.Meta(max_length=128)]
Parameter = Annotated[str, msgspec.Meta(max_length=4096)]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`browser` is the secret that the browser has from a sign-in before, if any."""

    browser: Value | None = None
    redirect_uri: Parameter | None = None
    code_challenge: Value | None = None


class Started(msgspec.Struct, frozen=True):
    location: str
    browser: str
    expires_in: int


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RFC 6749 §4.1.2, RFC 9207 §2; `browser` from its cookie."""

    browser: Value = ""
    state: Value = ""
    code: Parameter | None = None
    iss: Parameter | None = None
    error: Parameter | None = None


class Redirected(msgspec.Struct, frozen=True):
    location: str


class Redeem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Value
    code_verifier: Value


def started(begun: Begun) -> Started:
    return Started(begun.location, begun.browser, int(begun.lifetime.total_seconds()))


def front_end(start: Start) -> FrontEnd | None:
    """Both or none; what lacks is empty, and will be refused."""
    if start.redirect_uri is None and start.code_challenge is None:
        return None
    return FrontEnd(start.redirect_uri or "", start.code_challenge or "")


def answer(finish: Finish) -> Answer:
    return Answer(code=finish.code, issuer=finish.iss, error=finish.error)
