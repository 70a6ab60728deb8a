"""Stand-in for the gateway: signs its tokens for one service."""

import secrets
import time
from functools import cache
from typing import Any

from jose import jwt
from msgspec import to_builtins

from shared.identity.gateway_tokens import ISSUER, Audience
from shared.identity.key_pair import KeyPair, generate, public_pem


@cache
def gateway_key() -> KeyPair:
    """The key of all gateways in this process of the tests."""
    return generate()


def gateway_public_keys() -> str:
    """The value of GATEWAY_PUBLIC_KEYS for services behind them."""
    return public_pem(gateway_key().pem)


class GatewayIssuer:
    """Signs tokens for the service `audience`."""

    def __init__(self, audience: Audience, key: KeyPair | None = None) -> None:
        self.audience = audience
        self.key = key or gateway_key()

    @property
    def public_keys(self) -> str:
        return public_pem(self.key.pem)

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [to_builtins(self.key.jwk)]}

    def token(self, owner: str = "alice", *, typ: str = "at+jwt", **changes: object) -> str:
        """A valid token, apart from `changes` to its claims; None removes one."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": owner,
            "email": f"{owner}@example.org",
            "iat": now,
            "exp": now + 600,
            "jti": secrets.token_hex(8),
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": self.key.kid, "typ": typ}
        return str(jwt.encode(present, self.key.pem.reveal(), algorithm="ES256", headers=headers))
