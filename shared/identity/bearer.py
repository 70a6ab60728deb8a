"""Bearer tokens in the Authorization header (RFC 6750 §2.1), the only place a token is accepted in (§5.3)."""

import re
from collections.abc import Sequence

from shared.errors import InvalidToken

BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<token>[A-Za-z0-9\-._~+/]+=*) *")
MAX_TOKEN_BYTES = 4096


def bearer_token(authorization: Sequence[str]) -> str | None:
    """The token in the values of all Authorization headers; None without such a header.

    Raises InvalidToken for another scheme, a malformed token, one above MAX_TOKEN_BYTES, or two headers.
    """
    if not authorization:
        return None
    match = BEARER.fullmatch(authorization[0])
    if match is None or len(authorization) > 1 or len(match["token"]) > MAX_TOKEN_BYTES:
        raise InvalidToken("The Authorization header must be `Bearer <access token>`.")
    return match["token"]
