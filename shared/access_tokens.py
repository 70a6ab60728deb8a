"""An access token (RFC 9068) is believed when a key of auth_service signed it for this system and moment."""

import asyncio
import binascii
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import aiohttp
import msgspec
from jose import jwt
from jose.exceptions import JOSEError
from jose.utils import base64url_decode

from shared.errors import ScopeTooNarrow, Unauthenticated, Unavailable
from shared.logs import get_logger

ALGORITHM = "ES256"
# python-jose skips characters outside base64url; here a token has one spelling. The 64 bytes of a P-256
# signature are 86 characters, and the last four bits of these are unused and zero (RFC 4648 §3.5).
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
MAX_TOKEN = 8 * 1024
MAX_KEYS_BYTES = 64 * 1024
# Less than a probe may take: of a server that hangs it must learn that the keys known are good enough.
FETCH_TIMEOUT_S = 2.0
REFRESH_AFTER_S = 300.0
# Keys rotate rarely: better an hour on the old ones than no service while auth_service restarts.
STALE_AT_MOST_S = 3600.0
# An unknown key id is worth a look, but forged tokens must not turn into a storm of look-ups.
LOOK_AGAIN_AFTER_S = 3.0
# Without any key nothing can be done at all.
FIRST_LOOKS_S = 0.5

Key = Mapping[str, Any]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may hold: `jwk`, `jku`, `x5c` and `crit` have no place here (RFC 8725 §3.10)."""

    alg: Literal["ES256"]
    typ: Literal["at+jwt", "application/at+jwt"]
    kid: str


class KeySet(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys: tuple[dict[str, Any], ...]


class PublicKeys:
    """auth_service's public keys by id, fetched once for all who wait."""

    def __init__(
        self, http: aiohttp.ClientSession, auth_url: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._url = auth_url.rstrip("/") + "/.well-known/jwks.json"
        self._monotonic = monotonic
        self._keys: Mapping[str, Key] = {}
        self._fetched = self._tried = float("-inf")
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> Key | None:
        """None when there is no such key. Raises Unavailable when that cannot be known."""
        if self._age(self._fetched) > REFRESH_AFTER_S or key_id not in self._keys:
            await self._look_again()
        if self._age(self._fetched) > STALE_AT_MOST_S or (self._failed and key_id not in self._keys):
            raise Unavailable("Tokens cannot be checked at the moment.")
        return self._keys.get(key_id)

    async def check(self) -> None:
        """Raises Unavailable while no token could be checked."""
        if self._age(self._fetched) > REFRESH_AFTER_S:
            await self._look_again()
        if self._age(self._fetched) > STALE_AT_MOST_S:
            raise Unavailable("Tokens cannot be checked at the moment.")

    def _age(self, moment: float) -> float:
        return self._monotonic() - moment

    async def _look_again(self) -> None:
        async with self._fetching:
            if self._age(self._tried) < (LOOK_AGAIN_AFTER_S if self._keys else FIRST_LOOKS_S):
                return
            try:
                self._keys = await self._fetch()
                self._fetched = self._monotonic()
                self._failed = False
            except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as failed:
                self._failed = True
                get_logger(__name__).warning("public keys not fetched", reason=type(failed).__name__)
            finally:  # also when whoever asked was cancelled: the next one need not wait for the same again
                self._tried = self._monotonic()

    async def _fetch(self) -> Mapping[str, Key]:
        limit = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with self._http.get(self._url, timeout=limit, raise_for_status=True) as answer:
            body = await whole(answer.content)
        found = msgspec.json.decode(body, type=KeySet)
        return {str(key.get("kid", "")): key for key in found.keys}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is, as far as services inside want to know. `session_id` is that of a sign-in or of an
    API key.
    """

    user_id: str
    session_id: str
    email: str
    email_verified: bool
    roles: frozenset[str]


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


async def whole(content: aiohttp.StreamReader) -> bytes:
    """All of it, however many pieces it comes in. Raises ClientPayloadError when it is too long."""
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) > MAX_KEYS_BYTES:
            raise aiohttp.ClientPayloadError("too long for a set of keys")
    return bytes(body)


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
