"""Tokens of the gateway's own for the services behind it, in exchange for the caller's credential.

A service thus never receives what the client holds, and needs to know no key but the gateway's.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import uuid4

import msgspec
from jose import jws

from gateway.identity.principal import Principal
from shared.identity.gateway_tokens import ISSUER, Audience, UserClaims
from shared.identity.jwt import ALGORITHM, TYPE
from shared.identity.key_pair import KeyPair
from shared.settings import Secret

LIFETIME_S = 60
# A token with less time left is replaced, unless the caller's own credential ends as soon.
MIN_LEFT_S = 30
CAPACITY = 4096
# RFC 9068 §2.2 requires the claim; the only client of the services is the gateway.
CLIENT_ID = "gateway"


class ServiceClaims(UserClaims, frozen=True, kw_only=True):
    """What is signed: the principal, and an id for logs."""

    client_id: str
    jti: str


class ServiceTokens:
    """Signs tokens for one service. A principal's token is used again while it has MIN_LEFT_S left."""

    def __init__(
        self,
        key: KeyPair,
        audience: Audience,
        *,
        capacity: int = CAPACITY,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], object] = uuid4,
    ) -> None:
        self._key, self._audience = key, audience
        self._capacity, self._now, self._new_id = capacity, now, new_id
        self._signed: OrderedDict[Principal, tuple[Secret, int]] = OrderedDict()

    def token_for(self, principal: Principal) -> Secret:
        """A token that expires within LIFETIME_S, and not after the caller's credential. The caller must have
        been authenticated for the present request.
        """
        now, limit = int(self._now()), int(principal.expires_at)
        who = msgspec.structs.replace(principal, expires_at=0.0)
        known = self._signed.get(who)
        if known is None or not is_reusable(known[1], now, limit):
            expires = min(now + LIFETIME_S, limit)
            known = self._signed[who] = self._sign(principal, now, expires), expires
        self._signed.move_to_end(who)
        while len(self._signed) > self._capacity:
            self._signed.popitem(last=False)
        return known[0]

    def __len__(self) -> int:
        return len(self._signed)

    def _sign(self, principal: Principal, now: int, expires: int) -> Secret:
        scopes = principal.scopes
        claims = ServiceClaims(
            iss=ISSUER,
            aud=self._audience,
            iat=now,
            exp=expires,
            jti=str(self._new_id()),
            client_id=CLIENT_ID,
            sub=principal.user_id,
            sid=principal.session_id,
            email=principal.email,
            email_verified=principal.email_verified,
            roles=sorted(principal.roles),
            scope=msgspec.UNSET if scopes is None else " ".join(sorted(scopes)),
        )
        headers = {"typ": TYPE, "kid": self._key.kid}
        signed = jws.sign(
            msgspec.to_builtins(claims), self._key.private, headers=headers, algorithm=ALGORITHM
        )
        return Secret(str(signed))


def is_reusable(expires: int, now: int, limit: int) -> bool:
    """`limit` is the end of the caller's credential. The upper bound matters after a clock was set back."""
    return min(now + MIN_LEFT_S, limit) <= expires <= min(now + LIFETIME_S, limit)
