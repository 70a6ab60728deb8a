"""Composition root: the Litestar application with its routes, dependencies, lifespan and health checks."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from auth_service.accounts.controller import AccountController, WebhookChangeController
from auth_service.accounts.decline import AccountDecline
from auth_service.accounts.handlers import account_handlers
from auth_service.admin.controller import AdministrationController
from auth_service.api_keys.controller import ApiKeyController
from auth_service.audit.activity.caller import request_caller
from auth_service.audit.activity.controller import ActivityController
from auth_service.audit.actor import request_actor
from auth_service.audit.controller import AuditController
from auth_service.audit.handlers import audit_handlers
from auth_service.audit.service import AuditLog
from auth_service.composition.foundation import Foundation
from auth_service.composition.services import (
    account_services,
    administration_services,
    factor_services,
    login_services,
    token_services,
    webhook_changes,
)
from auth_service.database.engine import Database
from auth_service.database.outbox import SqlOutbox
from auth_service.factors.controller import FactorController, ProofController
from auth_service.introspection.authentication import GatewayCredentials, authenticate, request_client
from auth_service.introspection.controller import IntrospectionController
from auth_service.maintenance.background_tasks import background_tasks
from auth_service.maintenance.reencryption import Reencryption
from auth_service.maintenance.sweeper import Sweeper
from auth_service.oauth.controller import IdentityController, ProviderLoginController
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.recovery.controller import RecoveryController
from auth_service.sessions.controller import SessionController
from auth_service.settings import AuthSettings
from auth_service.tokens.jwks import JwksController
from shared.clock import utc_now
from shared.http import Check, Wiring, build_application
from shared.messaging.outbox import OutboxRelay
from shared.messaging.outbox_metrics import outbox_sample
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import AUTH_ACCOUNTS, AUTH_AUDIT
from shared.metrics import Sampler, register_pool

# RFC 6749 §5.1: responses with tokens must not be cached; neither are those about one user.
NO_STORE = CacheControlHeader(no_store=True)


def build(
    settings: AuthSettings,
    broker: Broker,
    registry: CollectorRegistry,
    *,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], UUID] = uuid4,
) -> Litestar:
    """Builds the application. It opens no connection before its lifespan begins."""
    database = Database(settings.database_url)
    register_pool(registry, "postgresql", database.max_connections, database.connections_in_use)
    outbox = SqlOutbox(database)
    relay = OutboxRelay(outbox, broker)
    sampler = Sampler([outbox_sample(outbox, registry)], registry)
    base = Foundation(settings, database, relay, now, new_id)
    audit_log = AuditLog(database=database, now=now)
    gateway = GatewayCredentials(settings.introspection_secret)
    provider_http = ProviderHttpClient(loopback_http=settings.oauth_loopback_http)
    tasks = (relay.run, sampler.run, *_tasks(base, audit_log, broker))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        try:
            async with (
                broker,
                provider_http.opened(),
                background_tasks(settings.database_url, base.cipher, database, tasks, now),
            ):
                yield
        finally:
            base.hasher.close()

    return build_application(
        Wiring(
            controllers=_routes(gateway),
            provide={
                "gateway": gateway,
                **token_services(base),
                **factor_services(base),
                **login_services(base, provider_http),
                **account_services(base),
                **administration_services(base, audit_log),
            },
            checks=[
                Check("postgresql", database.check),
                # Not critical: events wait in the outbox until RabbitMQ is available.
                Check("rabbitmq", broker.check, critical=False),
            ],
            lifespan=[lifespan],
            registry=registry,
        )
    )


def _tasks(
    base: Foundation, audit_log: AuditLog, broker: Broker
) -> list[Callable[[], Coroutine[object, None, None]]]:
    """Background tasks, those of the broker's consumers included."""
    database, now = base.database, base.now
    decline = AccountDecline(
        database=database, revocation=base.revocation, events=base.events, audit_log=audit_log, now=now
    )
    changes = webhook_changes(base)
    consumers = (
        broker.consumer(AUTH_AUDIT, audit_handlers(audit_log)),
        broker.consumer(AUTH_ACCOUNTS, account_handlers(decline, changes)),
    )
    sweeper = Sweeper(database, base.settings.activity_keep, now)
    reencryption = Reencryption(database, base.cipher)
    return [base.mailer.run, sweeper.run, reencryption.run, *(each.run for each in consumers)]


def _routes(gateway: GatewayCredentials) -> list[ControllerRouterHandler]:
    """Public routes, internal routes and the JWK set.

    Handlers authenticate the request by taking the dependency `principal` or `actor`.
    """
    public = Router(
        "/",
        route_handlers=[
            AccountController,
            SessionController,
            RecoveryController,
            ProofController,
            FactorController,
            ActivityController,
            ApiKeyController,
            IdentityController,
            AdministrationController,
            AuditController,
            ProviderLoginController,
            WebhookChangeController,
        ],
        cache_control=NO_STORE,
        dependencies={
            "principal": Provide(authenticate),
            "client": Provide(request_client, sync_to_thread=False),
            "caller": Provide(request_caller, sync_to_thread=False),
            "actor": Provide(request_actor, sync_to_thread=False),
        },
    )
    internal = Router(
        "/internal",
        route_handlers=[IntrospectionController],
        guards=[gateway.guard],
        cache_control=NO_STORE,
    )
    return [public, internal, JwksController]
