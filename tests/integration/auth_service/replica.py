"""A running auth_service replica, an HTTP client for it, and a manual clock."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from litestar import Litestar
from prometheus_client import CollectorRegistry

from auth_service.app import build
from auth_service.database.encryption import DataCipher
from auth_service.settings import AuthSettings
from gateway.identity.principal import Principal
from gateway.identity.service_tokens import ServiceTokens
from shared.contracts.events import SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broadcast, Broker
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.settings import Secret
from tests.support.gateway_tokens import gateway_key, gateway_public_keys
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

PASSWORD = "correct horse battery staple"
DATA_KEYS = secrets.token_urlsafe(32)
CIPHER = DataCipher(Secret(DATA_KEYS))
SECRET = "the gateway's own secret of some length"


class Clock:
    """A clock that moves only by `advance`."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


async def patiently(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Repeats a call while its answer is 503, as on a machine where PostgreSQL is slower than its limits."""

    async def other_than_unavailable() -> httpx.Response | None:
        answer = await call()
        return answer if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE else None

    return await until(other_than_unavailable, what="an answer other than 503")


@dataclass
class Replica:
    """`http` calls the replica as a client does behind the gateway, `direct` at its own port."""

    http: httpx.AsyncClient
    direct: httpx.AsyncClient
    tokens: ServiceTokens

    async def post(self, action: str, **body: object) -> httpx.Response:
        return await self.http.post(f"/v1/auth/{action}", json=body)

    async def call(
        self, method: str, path: str, by: str = "", headers: dict[str, str] | None = None, **body: object
    ) -> httpx.Response:
        """Sends a request; `by` is a bearer token, `body` becomes a JSON body unless empty."""
        sent = {**(bearer(by) if by else {}), **(headers or {})}
        return await self.http.request(method, f"/v1/{path}", headers=sent, json=body or None)

    async def register(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.post("register", email=email, password=password)

    async def login(self, email: str, password: str = PASSWORD, address: str = "") -> httpx.Response:
        """`address` is the client address that the gateway forwards."""
        headers = calling_from(address) if address else {}
        return await self.call("POST", "auth/login", headers=headers, email=email, password=password)

    async def verify(self, token: str, password: str = PASSWORD) -> httpx.Response:
        """Verifies an address by the token of a mailed link and the account's password."""
        return await self.post("email/verify", token=token, password=password)

    async def refresh(self, token: str) -> httpx.Response:
        return await self.post("refresh", refresh_token=token)

    async def logout(self, access_token: str) -> httpx.Response:
        return await self.http.post("/v1/auth/logout", headers=bearer(access_token))

    async def me(self, access_token: str) -> httpx.Response:
        return await self.http.get("/v1/auth/me", headers=bearer(access_token))

    async def introspect(self, token: str, secret: str = SECRET) -> httpx.Response:
        return await self.http.post(
            "/internal/introspect", data={"token": token}, headers=basic("gateway", secret)
        )

    async def exchanged(self, token: str) -> str:
        """The gateway's token in exchange for an access token or API key."""
        claims = (await self.introspect(token)).raise_for_status().json()
        return self.tokens.token_for(principal_of(claims)).reveal()

    async def call_directly(self, method: str, path: str, token: str) -> httpx.Response:
        """Sends this token itself to the replica's own port."""
        return await self.direct.request(method, f"/v1/{path}", headers=bearer(token))

    async def is_active(self, token: str) -> bool:
        answer = await self.introspect(token)
        assert answer.status_code == 200
        return bool(answer.json()["active"])

    async def readiness(self) -> httpx.Response:
        return await self.http.get("/readyz")

    async def is_ready(self) -> bool:
        return (await self.readiness()).status_code == 200

    async def is_without_postgresql(self) -> bool:
        answer = await self.readiness()
        return answer.status_code == 503 and answer.json()["checks"]["postgresql"] == "down"

    async def is_connected_to_rabbitmq(self) -> bool:
        answer = await self.readiness()
        return answer.status_code == 200 and answer.json()["checks"]["rabbitmq"] == "ok"

    async def ready(self) -> None:
        async def answers() -> bool:
            return (await self.http.get("/.well-known/jwks.json")).status_code == 200

        await until(answers, what="the account service gets ready")

    async def person(self) -> "Person":
        """Registers a new account and logs in."""
        person = Person(self)
        (await patiently(lambda: self.register(person.email))).raise_for_status()
        await person.sign_in()
        return person


@dataclass
class Person:
    """An account and the tokens of its latest login or refresh."""

    replica: Replica
    email: str = field(default_factory=lambda: f"{secrets.token_hex(6)}@example.org")
    access_token: str = ""
    refresh_token: str = ""

    async def sign_in(self, password: str = PASSWORD) -> None:
        self._keep(await patiently(lambda: self.replica.login(self.email, password)))

    async def call(self, method: str, path: str, **body: Any) -> httpx.Response:
        return await self.replica.call(method, path, self.access_token, **body)

    async def identity(self) -> str:
        return str((await self.replica.me(self.access_token)).json()["id"])

    async def is_signed_in(self) -> bool:
        return await self.replica.is_active(self.access_token)

    async def refresh(self) -> None:
        self._keep(await self.replica.refresh(self.refresh_token))

    def _keep(self, answer: httpx.Response) -> None:
        body: dict[str, Any] = answer.raise_for_status().json()
        self.access_token, self.refresh_token = body["access_token"], body["refresh_token"]


class GatewayTransport(httpx.AsyncBaseTransport):
    """Sends a gateway's token in place of a valid access token or API key, as the gateway does. With another
    one the request is sent as it is.
    """

    def __init__(self, app: httpx.AsyncBaseTransport, tokens: ServiceTokens) -> None:
        self._app, self._tokens = app, tokens

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and request.url.path.startswith("/v1/"):
            found = await self._introspect(request, token)
            if found.is_server_error:
                return found
            if found.is_success and found.json()["active"]:
                exchanged = self._tokens.token_for(principal_of(found.json()))
                request.headers["Authorization"] = f"Bearer {exchanged.reveal()}"
        return await self._app.handle_async_request(request)

    async def _introspect(self, request: httpx.Request, token: str) -> httpx.Response:
        asking = httpx.Request(
            "POST",
            request.url.copy_with(raw_path=b"/internal/introspect"),
            data={"token": token},
            headers=basic("gateway", SECRET),
        )
        found = await self._app.handle_async_request(asking)
        await found.aread()
        return found


def principal_of(claims: dict[str, Any]) -> Principal:
    return Principal(
        user_id=claims["sub"],
        email=claims["email"],
        email_verified=claims["email_verified"],
        roles=frozenset(claims["roles"]),
        session_id=claims["sid"],
        scopes=frozenset(claims["scope"].split()) if "scope" in claims else None,
        expires_at=claims["exp"],
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def calling_from(address: str, agent: str = "test/1.0", secret: str = SECRET) -> dict[str, str]:
    """Headers that the gateway adds to a forwarded request."""
    return {
        "Tonegate-Gateway-Authorization": basic("gateway", secret)["Authorization"],
        "Tonegate-Client-Address": address,
        "User-Agent": agent,
    }


def settings(url: str, **changes: Any) -> AuthSettings:
    known = {
        "database_url": Secret(url),
        "introspection_secret": Secret(SECRET),
        "data_keys": Secret(DATA_KEYS),
        "gateway_public_keys": gateway_public_keys(),
        "amqp_url": Secret("amqp://unused"),
        "require_verified_email": True,  # so that registration requests mails
    }
    return AuthSettings(**{**known, **changes})


def build_application(configured: AuthSettings, clock: Clock, broker: Broker | None = None) -> Litestar:
    broker = MemoryBroker(SUBSCRIPTIONS) if broker is None else broker
    return build(configured, broker, CollectorRegistry(), now=clock.now)


@asynccontextmanager
async def running(
    configured: AuthSettings, clock: Clock, broker: Broker | None = None
) -> AsyncIterator[Replica]:
    """A started replica, which may not be ready yet."""
    app = build_application(configured, clock, broker)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own ASGI types
    tokens = ServiceTokens(gateway_key(), "auth_service", now=lambda: clock.now().timestamp())
    behind = GatewayTransport(transport, tokens)
    async with (
        alive(app),
        httpx.AsyncClient(transport=behind, base_url="http://auth") as http,
        httpx.AsyncClient(transport=transport, base_url="http://auth") as direct,
    ):
        yield Replica(http, direct, tokens)


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[list[SessionRevoked]]:
    """Collects SessionRevoked events, as a gateway receives them."""
    received: list[SessionRevoked] = []

    async def receive(event: SessionRevoked, _: Delivery) -> None:
        received.append(event)

    broadcast = Broadcast(name="test", events=(SessionRevoked,))
    listener = broker.listener(broadcast, Handlers({SessionRevoked: receive}, expected=broadcast.events))
    running = asyncio.create_task(listener.run())
    await listener.ready()
    try:
        yield received
    finally:
        await listener.stop(timedelta(seconds=1))
        await running


@asynccontextmanager
async def alive(app: Litestar) -> AsyncIterator[None]:
    """Runs the lifespan in its own task, because a fixture's teardown runs in another task than its setup."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    living = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        waiting.cancel()
        stop.set()
        await living
