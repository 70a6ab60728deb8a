"""Composition root of the gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
from litestar import Litestar, Router
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry
from yarl import URL

from gateway.clients.account_sessions import AccountSessions
from gateway.clients.audit_log import AuditLog
from gateway.clients.auth import AuthService
from gateway.clients.introspection import IntrospectionClient
from gateway.clients.json_service import JsonService
from gateway.clients.webhook_changes import WebhookAnnouncements
from gateway.idempotency.memory_store import MemoryIdempotencyStore
from gateway.idempotency.redis_store import RedisIdempotencyStore
from gateway.idempotency.service import Idempotency
from gateway.idempotency.store import IdempotencyStore
from gateway.identity.auth_guard import AuthGuard, public, uncounted
from gateway.identity.client_address import ClientAddresses
from gateway.identity.forwarded import ForwardedField
from gateway.identity.revocations import revocations
from gateway.identity.service_tokens import ServiceTokens
from gateway.identity.token_cache import TokenCache
from gateway.limits.concurrency import concurrency_limits, vital
from gateway.limits.memory_windows import MemoryWindows
from gateway.limits.rate_limit import Rate, RateLimits
from gateway.limits.redis_windows import RedisWindows
from gateway.limits.windows import Windows
from gateway.middleware.compression import CompressionMiddleware
from gateway.middleware.conditional_requests import ConditionalRequestsMiddleware
from gateway.middleware.cors import CorsMiddleware, CorsPolicy
from gateway.middleware.head_and_options import HeadAndOptionsMiddleware
from gateway.middleware.rate_limit_headers import RateLimitMiddleware
from gateway.middleware.release import ReleaseMiddleware
from gateway.middleware.request_body import RequestBodyMiddleware
from gateway.middleware.request_validation import RequestValidationMiddleware
from gateway.middleware.security_headers import SecurityHeadersMiddleware
from gateway.middleware.tus import TusMiddleware
from gateway.module import compose
from gateway.modules.accounts.module import AccountsModule
from gateway.modules.administration.module import AdministrationModule
from gateway.modules.auth.browser_cookie import BrowserCookie
from gateway.modules.auth.module import AuthModule
from gateway.modules.browser_sessions.module import BrowserSessionsModule
from gateway.modules.browser_sessions.session_cookie import SessionCookie
from gateway.modules.conversions.module import ConversionsModule
from gateway.modules.pages.module import PagesModule
from gateway.modules.pages.page import reset_page, verify_page
from gateway.modules.presets.module import PresetsModule
from gateway.modules.push.module import PushModule
from gateway.modules.uploads.module import UploadsModule
from gateway.modules.web.files import BUILT, load_files
from gateway.modules.web.module import WebModule
from gateway.modules.webhooks.module import WebhooksModule
from gateway.openapi.config import openapi_config
from gateway.openapi.reference_files import load_reference_files
from gateway.proxy.event_stream import Watches
from gateway.proxy.http_sessions import Sessions
from gateway.proxy.relay import Relay, Timeouts
from gateway.settings import GatewaySettings
from shared.http import Check, Wiring, build_application
from shared.identity.key_pair import parse_key_pair
from shared.messaging.ports import Broker, Consumer

STOP_TIMEOUT = timedelta(seconds=2)
CHECK_TIMEOUT_S = 3.0


def build(
    settings: GatewaySettings,
    sessions: Sessions,
    broker: Broker,
    registry: CollectorRegistry,
    page_folder: Path = BUILT,
) -> Litestar:
    """The application, with the page that is built in `page_folder`. Raises an error when its modules do not
    fit together.
    """
    introspection = IntrospectionClient(sessions, settings.auth_url, settings.introspection_secret)
    tokens = TokenCache(introspection.introspect, settings.token_cache_ttl)
    watches = Watches(tokens)
    listener = revocations(broker, tokens)
    windows, store = rate_windows(settings), idempotency_store(settings)
    limits = RateLimits(policies(settings), windows)
    addresses = ClientAddresses(settings.trusted_proxies, ForwardedField(settings.forwarded_field))
    guard = AuthGuard(tokens, limits, addresses, concurrency_limits(settings, registry))
    idempotency = Idempotency(store, addresses, settings.introspection_secret)
    features = modules(settings, sessions, tokens, watches, idempotency=idempotency, limits=limits)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with broker, background(listener, watches):
            yield
        await tokens.aclose()
        windows.close()
        store.close()

    return build_application(
        Wiring(
            controllers=[
                Router(
                    "/",
                    route_handlers=compose([*features, WebModule(web_files=load_files(page_folder))]),
                )
            ],
            guards=[guard.admit],
            health_opt=public | vital | uncounted,
            openapi=openapi_config(settings.public_url, load_reference_files(page_folder)),
            lifespan=[lifespan],
            checks=checks(settings, sessions, listener, windows),
            registry=registry,
            on_stop=[watches.close],
            middleware=middleware(settings, limits, addresses),
        )
    )


def modules(
    settings: GatewaySettings,
    sessions: Sessions,
    tokens: TokenCache,
    watches: Watches,
    *,
    idempotency: Idempotency,
    limits: RateLimits,
) -> Sequence[object]:
    """The features, each with the services its routes call."""
    key = parse_key_pair(settings.token_key)
    for_auth, for_converter = ServiceTokens(key, "auth_service"), ServiceTokens(key, "converter_service")
    for_notification = ServiceTokens(key, "notification_service")
    auth = AuthService(sessions, settings.auth_url, for_auth, settings.introspection_secret)
    notification = JsonService(sessions, settings.notification_url, for_notification)
    timeouts = Timeouts(idle=settings.idle_timeout, upload=settings.upload_timeout)
    converter = Relay(sessions, settings.converter_url, timeouts, for_converter)
    cookie, for_page = BrowserCookie(settings.public_url), SessionCookie(settings.public_url)
    of_accounts = AccountSessions(auth, tokens)
    return [
        AuthModule(service=auth, sessions=of_accounts, browser_cookie=cookie, idempotency=idempotency),
        BrowserSessionsModule(service=auth, sessions=of_accounts, session_cookie=for_page),
        AccountsModule(service=auth, tokens=tokens, idempotency=idempotency),
        AdministrationModule(service=auth, converter=converter, audit_log=AuditLog(auth), tokens=tokens),
        ConversionsModule(converter=converter, idempotency=idempotency, watches=watches, limits=limits),
        UploadsModule(converter=converter),
        PresetsModule(converter=converter, idempotency=idempotency),
        WebhooksModule(
            service=notification, announcements=WebhookAnnouncements(auth), idempotency=idempotency
        ),
        PushModule(service=notification, idempotency=idempotency),
        PagesModule(notification=notification, verify_page=verify_page(), reset_page=reset_page()),
    ]


def middleware(
    settings: GatewaySettings, limits: RateLimits, addresses: ClientAddresses
) -> Sequence[Callable[[ASGIApp], ASGIApp]]:
    """Innermost first."""
    return [
        ConditionalRequestsMiddleware,
        CompressionMiddleware,
        HeadAndOptionsMiddleware,
        RequestValidationMiddleware,
        partial(RateLimitMiddleware, limits=limits, addresses=addresses),
        ReleaseMiddleware,
        partial(RequestBodyMiddleware, idle=settings.idle_timeout),
        TusMiddleware,
        partial(CorsMiddleware, policy=CorsPolicy(settings.cors_origins)),
        partial(
            SecurityHeadersMiddleware,
            public_url=settings.public_url,
            hsts_max_age=settings.hsts_max_age,
        ),
    ]


def checks(
    settings: GatewaySettings, sessions: Sessions, listener: Consumer, windows: Windows
) -> Sequence[Check]:
    """What readiness depends on, and what is only reported.

    Without RabbitMQ a revoked token is accepted until the token cache drops it.
    """
    return [
        Check("auth_service", partial(check_ready, sessions.pooled, settings.auth_url)),
        Check("converter_service", partial(check_ready, sessions.pooled, settings.converter_url)),
        Check(
            "notification_service",
            partial(check_ready, sessions.pooled, settings.notification_url),
            critical=False,
        ),
        Check("rabbitmq", listener.check, critical=False),
        Check("rate_limit_storage", windows.check, critical=False),
    ]


def policies(settings: GatewaySettings) -> dict[Rate, str]:
    return {
        Rate.DEFAULT: settings.rate_default,
        Rate.LOGIN: settings.rate_login,
        Rate.REGISTER: settings.rate_register,
        Rate.UPLOAD: settings.rate_upload,
        Rate.WEBHOOK_TEST: settings.rate_webhook_test,
    }


def rate_windows(settings: GatewaySettings) -> Windows:
    return (
        MemoryWindows() if settings.has_memory_storage else RedisWindows(settings.rate_storage_url.reveal())
    )


def idempotency_store(settings: GatewaySettings) -> IdempotencyStore:
    if settings.has_memory_storage:
        return MemoryIdempotencyStore()
    return RedisIdempotencyStore(settings.rate_storage_url.reveal())


@asynccontextmanager
async def background(listener: Consumer, watches: Watches) -> AsyncIterator[None]:
    """Runs the listener for revocations and the clock of the event streams during the block. An unexpected
    error in either ends the process.
    """
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(listener.run()), tasks.create_task(watches.run())]
        try:
            yield
        finally:
            await listener.stop(STOP_TIMEOUT)
            for task in running:
                task.cancel()


async def check_ready(session: aiohttp.ClientSession, origin: str) -> None:
    """Raises ClientError or TimeoutError unless the service at `origin` is ready."""
    url = URL(origin).origin().with_path("/readyz")
    limit = aiohttp.ClientTimeout(total=CHECK_TIMEOUT_S)
    async with session.get(url, allow_redirects=False, timeout=limit) as response:
        response.raise_for_status()
