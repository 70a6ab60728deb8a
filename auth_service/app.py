"""How the account service is put together: one straight column."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from litestar import Litestar, Router
from prometheus_client import CollectorRegistry

from auth_service.access import AccessTokens, TokenPolicy
from auth_service.controllers import AccountController, IntrospectionController, KeyController
from auth_service.credentials import only_the_gateway
from auth_service.database import Database
from auth_service.hashing import PasswordHashing
from auth_service.keyring import KeyRing
from auth_service.oauth.configured import ready
from auth_service.oauth.controllers import ProviderController
from auth_service.oauth.linking import Linking
from auth_service.oauth.outbound import Outbound
from auth_service.oauth.sign_in import ProviderSignIns
from auth_service.outbox import SqlOutbox
from auth_service.passwords import Argon2Cost, PasswordHash, common_passwords
from auth_service.repository import Store
from auth_service.running import background
from auth_service.service import Accounts
from auth_service.sessions import Sessions
from auth_service.settings import AuthSettings
from shared.http import Check, Wiring, application
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker


def utc_now() -> datetime:
    return datetime.now(UTC)


def build(
    settings: AuthSettings,
    broker: Broker,
    registry: CollectorRegistry,
    *,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], UUID] = uuid4,
) -> Litestar:
    """The application. Connects to nothing before its lifespan begins."""
    database = Database(settings.database_url)
    store = Store(database)
    relay = OutboxRelay(SqlOutbox(database, now), broker)
    policy = TokenPolicy(settings.issuer or settings.public_url, settings.audience, settings.access_token_ttl)
    tokens = AccessTokens(keyring=KeyRing(store, now), policy=policy, now=now, new_id=new_id)
    sessions = Sessions(
        store=store,
        tokens=tokens,
        lifetime=settings.refresh_token_ttl,
        now=now,
        new_id=new_id,
        announced=relay.wake,
    )
    hashing = PasswordHashing(PasswordHash(Argon2Cost()), settings.hash_concurrency)
    accounts = Accounts(
        store=store,
        hashing=hashing,
        tokens=tokens,
        sessions=sessions,
        common_passwords=common_passwords(),
        now=now,
        new_id=new_id,
    )
    outbound = Outbound(loopback_http=settings.oauth_loopback_http)
    sign_ins = ProviderSignIns(
        store=store,
        tokens=tokens,
        sessions=sessions,
        linking=Linking(now=now, new_id=new_id),
        providers=ready(settings.providers(), outbound, now),
        redirect_urls=settings.oauth_redirect_urls,
        callback=f"{settings.public_url.rstrip('/')}/v1/auth/oauth/{{provider}}/callback",
        now=now,
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        try:
            async with (
                broker,
                outbound.opened(),
                background(settings.database_url, database, relay, sessions, now),
            ):
                yield
        finally:
            hashing.close()

    internal = Router(
        "/internal",
        route_handlers=[IntrospectionController],
        guards=[only_the_gateway(settings.introspection_secret)],
    )
    return application(
        Wiring(
            controllers=[AccountController, ProviderController, KeyController, internal],
            provide={
                "accounts": accounts,
                "sessions": sessions,
                "access_tokens": tokens,
                "sign_ins": sign_ins,
            },
            checks=[
                Check("postgresql", database.check),
                # Events wait in the outbox while it is down, so nothing stops.
                Check("rabbitmq", broker.check, critical=False),
            ],
            lifespan=[lifespan],
            registry=registry,
        )
    )
