"""An access token (RFC 9068) is believed when a key of auth_service signed it for this system and moment."""

import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from jose import jwt
from jose.exceptions import JOSEError
from jose.utils import base64url_decode

from shared.errors import ScopeTooNarrow, Unauthenticated
from shared.identity.principal import Caller
from shared.identity.public_keys import PublicKeys

ALGORITHM = "ES256"
# python-jose skips characters outside base64url; here a token has one spelling. The 64 bytes of a P-256
# signature are 86 characters, and the last four bits of these are unused and zero (RFC 4648 §3.5).
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
MAX_TOKEN = 8 * 1024


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may hold: `jwk`, `jku`, `x5c` and `crit` have no place here (RFC 8725 §3.10)."""

    alg: Literal["ES256"]
    typ: Literal["at+jwt", "application/at+jwt"]
    kid: str


class AccessTokens:
    """Bearer token → Caller."""

    def __init__(self, keys: PublicKeys, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def caller(self, token: str, scope: str) -> Caller:
        """Raises Unauthenticated, ScopeTooNarrow, and Unavailable when there are no keys to check it with.

        A token without a scope is a person's, who may do everything (RFC 6750 §3.1, RFC 8693 §4.2).
        """
        key = await self._keys.key(key_id(token))
        if key is None:
            raise Unauthenticated("The token is not valid.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={f"require_{name}": True for name in ("exp", "iat", "aud", "iss", "sub")},
            )
        except (JOSEError, ValueError, TypeError, KeyError):
            raise Unauthenticated("The token is not valid.") from None
        if not isinstance(claims.get("email"), str):
            raise Unauthenticated("The token is not valid.")
        if "scope" in claims and scope not in str(claims["scope"]).split():
            raise ScopeTooNarrow(scope)
        return Caller(
            user_id=claims["sub"],
            session_id=str(claims.get("sid", "")),
            email=claims["email"],
            email_verified=claims.get("email_verified") is True,
            roles=_roles(claims),
        )


def _roles(claims: Mapping[str, Any]) -> frozenset[str]:
    """None for a token with a scope: that says what it may do, and administering is in no scope."""
    roles = claims.get("roles")
    if "scope" in claims or not isinstance(roles, list):
        return frozenset()
    return frozenset(map(str, roles))


def key_id(token: str) -> str:
    """From the header, which is not believed beyond that. Raises Unauthenticated.

    Not with python-jose: a header of a thousand brackets exhausts its parser's recursion.
    """
    if len(token) > MAX_TOKEN or COMPACT.fullmatch(token) is None:
        raise Unauthenticated("The token is not valid.")
    try:
        return msgspec.json.decode(base64url_decode(token.partition(".")[0].encode()), type=Header).kid
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise Unauthenticated("The token is not valid.") from None
