"""OpenID Connect provider with configurable invalid responses."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

CLIENT_ID = "tonegate"
CLIENT_SECRET = "a secret that is shared with the provider"
ACCESS_TOKEN = "access"


def new_key(kid: str = "1") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@dataclass
class LyingIssuer:
    """`claims` override those of the ID token (None removes one), `metadata` members of the discovery
    document.
    """

    url: str = ""
    key: ECKey | RSAKey | OctKey = field(default_factory=new_key)
    published: list[Any] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    id_token: str | None = None
    nonce: str = ""
    asked: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None
    status: int | None = None
    padding: int = 0

    def __post_init__(self) -> None:
        self.published = [self.key]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.hold is not None:
            await self.hold.wait()
        if self.status is not None:
            return web.Response(status=self.status, headers={"Location": f"{self.url}/elsewhere"})
        known = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._jwks,
            "/token": self._tokens,
            "/userinfo": self._userinfo,
        }
        return web.json_response(known[request.path]())

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "HS256", "none"],
            "padding": "x" * self.padding,
            **self.metadata,
        }

    def _jwks(self) -> dict[str, Any]:
        return KeySet(self.published).as_dict(private=False)  # type: ignore[return-value]

    def _tokens(self) -> dict[str, Any]:
        token = self.id_token if self.id_token is not None else self.signed()
        return {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": token, **self.token_answer}

    def _userinfo(self) -> dict[str, Any]:
        return self.userinfo or {"sub": "1", "email": "ada@example.org", "email_verified": True}

    def signed(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "email": "ada@example.org",
            "email_verified": True,
            **self.claims,
        }
        header = {"alg": "ES256", "kid": self.key.kid, **self.header}
        return jwt.encode(
            {name: value for name, value in header.items() if value is not None},
            {name: value for name, value in claims.items() if value is not None},
            self.key,
            algorithms=[header["alg"]],
        )


@asynccontextmanager
async def lying() -> AsyncIterator[LyingIssuer]:
    issuer = LyingIssuer()
    async with serving(issuer.answer) as url:
        issuer.url = url
        yield issuer


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[str]:
    """Serves every path with `handler` on a free port; yields the URL."""
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    try:
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
