"""An auth_service with configured providers, and the gateway's calls on behalf of a browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.messaging.ports import Broker
from shared.settings import Secret
from tests.integration.auth_service.replica import Clock, Replica, running, settings
from tests.support.openid_provider import parameters


@dataclass
class SignIn:
    """A started login: `question` is the authorization URL, `browser` the secret for the cookie."""

    rig: "OAuthRig"
    provider: str
    question: str
    browser: str

    @property
    def asked(self) -> dict[str, str]:
        return parameters(self.question)

    async def come_back(self, answer: dict[str, str], **changes: str) -> httpx.Response:
        known = {name: value for name, value in answer.items() if name in {"code", "state", "iss", "error"}}
        body = {"browser": self.browser, **known, **changes}
        return await self.rig.http.post(f"/v1/auth/oauth/{self.provider}/callback", json=body)


@dataclass
class OAuthRig:
    replica: Replica
    clock: Clock
    database: str

    @property
    def http(self) -> httpx.AsyncClient:
        return self.replica.http

    async def start(self, provider: str = "corp", **body: str) -> httpx.Response:
        return await self.http.post(f"/v1/auth/oauth/{provider}/start", json=body)

    async def begin(self, provider: str = "corp", **body: str) -> SignIn:
        started = (await self.start(provider, **body)).raise_for_status().json()
        assert started["expires_in"] == 600
        return SignIn(self, provider, started["location"], started["browser"])

    async def me(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = (await self.replica.me(answer.json()["access_token"])).json()
        return found


def issuer(name: str, url: str, client_id: str, client_secret: str, **more: object) -> dict[str, object]:
    return {"name": name, "issuer": url, "client_id": client_id, "client_secret": client_secret, **more}


def named(*issuers: dict[str, object]) -> dict[str, Any]:
    """AUTH_OAUTH_PROVIDERS settings for the given issuers."""
    return {"oauth_providers": Secret(json.dumps(issuers)), "oauth_loopback_http": True}


@asynccontextmanager
async def knowing(url: str, broker: Broker | None = None, **changes: Any) -> AsyncIterator[OAuthRig]:
    """A running service whose clock stands at the current time, as a real provider's tokens require."""
    clock = Clock()
    clock.moment = datetime.now(UTC)
    async with running(settings(url, **changes), clock, broker) as replica:
        await replica.ready()
        yield OAuthRig(replica, clock, url)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
