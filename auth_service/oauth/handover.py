"""Handover of a provider login to a front end: a redirect with a single-use code, redeemed for tokens."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from auth_service.database.engine import Transaction
from auth_service.oauth.model import OAuthHandover
from auth_service.oauth.random_value import digest, new_value
from auth_service.oauth.repository import HandoverRepository
from auth_service.users.model import User

# RFC 6749 §4.1.2 recommends ten minutes at most; a front end redeems its code at once.
HANDOVER_LIFETIME = timedelta(minutes=1)


class FrontEnd(msgspec.Struct, frozen=True):
    """Redirect target of a login, and the S256 challenge that its code is bound to.

    Without the challenge the code could be injected into another user's browser (RFC 9700 §4.7.1).
    """

    redirect_uri: str
    code_challenge: str


async def hand_over(
    transaction: Transaction, user: User, front_end: FrontEnd, now: Callable[[], datetime]
) -> str:
    """Stores a code and returns the redirect target with the parameter `code`."""
    code = new_value()
    handover = OAuthHandover(
        code=digest(code),
        user_id=user.id,
        code_challenge=front_end.code_challenge,
        expires_at=now() + HANDOVER_LIFETIME,
    )
    await HandoverRepository(transaction).insert(handover)
    return redirect_target(front_end.redirect_uri, code=code)


def redirect_target(uri: str, **parameters: str) -> str:
    """Adds query parameters; tokens are never among them (RFC 9700 §4.3.2)."""
    return uri + ("&" if "?" in uri else "?") + urlencode(parameters)
