"""How the gateway is put together: one straight column."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp
from litestar import Litestar, MediaType, Response, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from prometheus_client import CollectorRegistry
from yarl import URL

from gateway.clients.accounts import AccountClient
from gateway.clients.administration import AdministrationClient
from gateway.clients.auth import AuthClient
from gateway.clients.converter import ConverterClient
from gateway.clients.managed import ManagedClient
from gateway.clients.webhooks import WebhookClient
from gateway.idempotency.service import Once
from gateway.idempotency.store import Answers, ProcessAnswers, SharedAnswers
from gateway.identity.auth_guard import Door, public, uncounted
from gateway.identity.client_address import ClientAddresses
from gateway.identity.revocations import revocations
from gateway.identity.token_cache import TokenCache
from gateway.limits.concurrency import Capacity, Leaving, Room, vital
from gateway.limits.rate_limit import Rate, RateLimits
from gateway.limits.windows import ProcessWindows, SharedWindows, Windows
from gateway.middleware.compression import Compression, compressible
from gateway.middleware.conditional_requests import Validators, shareable
from gateway.middleware.cors import CrossOrigin
from gateway.middleware.head_and_options import Methods
from gateway.middleware.rate_limit_headers import Counting
from gateway.middleware.request_body import Bodies
from gateway.middleware.request_validation import WellFormed
from gateway.middleware.security_headers import Hygiene
from gateway.middleware.tus import Tus
from gateway.module import compose
from gateway.modules.accounts.module import AccountsModule
from gateway.modules.administration.module import AdministrationModule
from gateway.modules.auth.browser import BrowserCookie
from gateway.modules.auth.module import AuthModule
from gateway.modules.conversions.actions import Actions
from gateway.modules.conversions.module import ConversionsModule
from gateway.modules.pages.module import PagesModule
from gateway.modules.pages.page import reset_page, verify_page
from gateway.modules.uploads.module import UploadsModule
from gateway.modules.webhooks.module import WebhooksModule
from gateway.openapi.document import complete
from gateway.openapi.schema_page import SchemaPage, page_policy
from gateway.proxy.event_stream import Watches
from gateway.proxy.http_sessions import Sessions
from gateway.proxy.relay import Patience, Relay
from gateway.settings import GatewaySettings
from shared.errors import NotFound
from shared.http import Check, Wiring, application
from shared.http.problems import problem
from shared.messaging.ports import Broker, Consumer

VERSION = "0.1.0"
SCHEMA_MAX_AGE_S = 60
STOPPING = timedelta(seconds=2)


def build(
    settings: GatewaySettings,
    sessions: Sessions,
    broker: Broker,
    registry: CollectorRegistry,
    *,
    documented: bool = True,
) -> Litestar:
    """The application. Raises before it can serve when its modules do not fit together.

    Not `documented`, it serves no OpenAPI document, whose making is half the work of building it.
    """
    to_auth = (sessions.pooled, settings.auth_url, settings.introspection_secret)
    auth = AuthClient(sessions, settings.auth_url, settings.introspection_secret)
    tokens = TokenCache(auth.introspect, settings.token_cache_ttl)
    watches = Watches(tokens)
    storage = settings.rate_storage_url.reveal()
    windows = rate_windows(storage)
    limits = RateLimits(policies(settings), windows)
    addresses = ClientAddresses(settings.trusted_proxies)
    door = Door(tokens, limits, addresses, capacity(settings))
    patience = Patience(idle=settings.idle_timeout, upload=settings.upload_timeout)
    relay = Relay(sessions, settings.converter_url, patience)
    converter = ConverterClient(relay)
    administration = AdministrationClient(*to_auth)
    kept = answers(storage)
    once = Once(kept, addresses, settings.introspection_secret)
    modules = [
        AuthModule(auth=auth, tokens=tokens, browser_cookie=BrowserCookie(settings.public_url), once=once),
        AccountsModule(accounts=AccountClient(*to_auth), tokens=tokens, once=once),
        AdministrationModule(
            administration=administration, managed=ManagedClient(administration, relay), tokens=tokens
        ),
        ConversionsModule(converter=converter, actions=Actions(converter, once), watches=watches),
        UploadsModule(converter=converter),
        WebhooksModule(webhooks=WebhookClient(sessions.pooled, settings.notification_url), once=once),
        PagesModule(verify_page=verify_page(), reset_page=reset_page()),
    ]
    listener = revocations(broker, tokens)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with broker, listening(listener, watches):
            yield
        await tokens.aclose()
        windows.close()
        kept.close()

    app = application(
        Wiring(
            controllers=[Router("/", route_handlers=compose(modules))],
            guards=[door.admit],
            health_opt=public | vital | uncounted,
            openapi=openapi(settings.public_url) if documented else None,
            lifespan=[lifespan],
            checks=[
                Check("auth_service", auth.check),
                Check("converter_service", partial(ready, sessions.pooled, settings.converter_url)),
                Check(
                    "notification_service",
                    partial(ready, sessions.pooled, settings.notification_url),
                    critical=False,
                ),
                # Without it revocations take as long as the cache remembers; nothing else stops.
                Check("rabbitmq", listener.check, critical=False),
                Check("rate_limit_storage", windows.check, critical=False),
            ],
            registry=registry,
            endless=[watches.close],
            around=[
                Validators,
                Compression,
                Methods,
                WellFormed,
                partial(Counting, limits=limits, addresses=addresses),
                Leaving,
                partial(Bodies, idle=settings.idle_timeout),
                Tus,
                partial(CrossOrigin, origins=settings.cors_origins),
                partial(Hygiene, public_url=settings.public_url),
            ],
        )
    )
    if documented:
        complete(app.openapi_schema)
    return app


async def as_of_this_api(response: Response[Any]) -> Response[Any]:
    """Litestar answers unknown paths beneath its schema with a page; here every 4xx is a problem. The page
    that there is may use its own style and nothing else (CSP 3, §6.6.2.3).
    """
    if response.status_code == NotFound.status:
        return problem(NotFound())
    if response.media_type == MediaType.HTML:
        response.headers["Content-Security-Policy"] = page_policy()
    return response


def capacity(settings: GatewaySettings) -> Capacity:
    """As many calls again may wait for a second; a stream holds its place for too long to be waited for."""
    patience = timedelta(seconds=1)
    calls, streams, each = settings.max_calls, settings.max_streams, settings.max_streams_per_client
    return Capacity(
        calls=Room(calls, waiting=calls, patience=patience, per_client=calls),
        streams=Room(streams, waiting=0, patience=patience, per_client=each),
        live=Room(settings.max_event_streams, waiting=0, patience=patience, per_client=each),
    )


def policies(settings: GatewaySettings) -> dict[Rate, str]:
    return {
        Rate.DEFAULT: settings.rate_default,
        Rate.LOGIN: settings.rate_login,
        Rate.REGISTER: settings.rate_register,
        Rate.UPLOAD: settings.rate_upload,
    }


def rate_windows(url: str) -> Windows:
    return ProcessWindows() if url.startswith("memory://") else SharedWindows(url)


def answers(url: str) -> Answers:
    return ProcessAnswers() if url.startswith("memory://") else SharedAnswers(url)


def openapi(public_url: str) -> OpenAPIConfig:
    """Open to everybody, like what it describes."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return OpenAPIConfig(
        title="Tonegate",
        version=VERSION,
        description="Upload a video, get its sound as audio, get an e-mail when it is done. "
        f"Served at {public_url}.",
        components=Components(security_schemes={"bearer": bearer}),
        render_plugins=[SchemaPage(), JsonRenderPlugin()],
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            opt=public | compressible | shareable(max_age_s=SCHEMA_MAX_AGE_S),
            include_in_schema=False,
            after_request=as_of_this_api,
        ),
    )


@asynccontextmanager
async def listening(listener: Consumer, watches: Watches) -> AsyncIterator[None]:
    """Hears of revoked sessions while the block runs. A fault in the program itself ends the process."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(listener.run()), tasks.create_task(watches.run())]
        try:
            yield
        finally:
            await listener.stop(STOPPING)
            for task in running:
                task.cancel()


async def ready(session: aiohttp.ClientSession, origin: str) -> None:
    """Raises while the service there is not ready."""
    url = URL(origin).origin().with_path("/readyz")
    async with session.get(url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=3)) as answer:
        answer.raise_for_status()
