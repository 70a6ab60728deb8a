"""How the account service is put together: one straight column."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from litestar import Litestar, Router
from prometheus_client import CollectorRegistry

from auth_service.access import AccessTokens, TokenPolicy
from auth_service.administration import Administration
from auth_service.api_keys import ApiKeys
from auth_service.callers import Callers
from auth_service.controllers import (
    AccountController,
    AdministrationController,
    ApiKeyController,
    IdentityController,
    IntrospectionController,
    KeyController,
    RecoveryController,
    SessionController,
)
from auth_service.credentials import GatewayCredentials, only_the_gateway
from auth_service.database import Database
from auth_service.forgetting import Forgetting
from auth_service.hashing import PasswordHashing
from auth_service.identities import OwnIdentities
from auth_service.keyring import KeyRing
from auth_service.mail_secrets import Purpose
from auth_service.new_passwords import NewPasswords
from auth_service.oauth.configured import ready
from auth_service.oauth.controllers import ProviderController
from auth_service.oauth.linking import Linking
from auth_service.oauth.outbound import Outbound
from auth_service.oauth.sign_in import ProviderSignIns
from auth_service.outbox import SqlOutbox
from auth_service.own_account import OwnAccount
from auth_service.passwords import Argon2Cost, PasswordHash, common_passwords
from auth_service.postman import MailPolicy, Postman
from auth_service.proving import Proof
from auth_service.recording import recording
from auth_service.recovery import Recovery
from auth_service.repository import Store
from auth_service.revoking import Revoking
from auth_service.running import Background, background
from auth_service.schemas.identities import ProviderNames
from auth_service.service import Accounts
from auth_service.sessions import Lifetimes, Sessions
from auth_service.settings import AuthSettings
from auth_service.throttling import Throttle
from shared.http import Check, Wiring, application
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import AUTH_AUDIT


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
    relay = OutboxRelay(SqlOutbox(database), broker)
    announced = relay.wake
    tokens = AccessTokens(keyring=KeyRing(store, now), policy=_tokens(settings), now=now, new_id=new_id)
    callers = Callers(store=store, tokens=tokens, now=now)
    revoking = Revoking(now=now, new_id=new_id)
    sessions = Sessions(
        store=store,
        tokens=tokens,
        revoking=revoking,
        lifetimes=_lifetimes(settings),
        now=now,
        new_id=new_id,
        announced=announced,
    )
    postman = Postman(store=store, revoking=revoking, policy=_mails(settings), now=now, announced=announced)
    hashing = PasswordHashing(PasswordHash(Argon2Cost()), settings.hash_concurrency)
    new_passwords = NewPasswords(hashing, common_passwords())
    throttle = Throttle(store, settings.free_failures, now)
    proof = Proof(store, hashing, throttle)
    accounts = Accounts(
        store=store,
        hashing=hashing,
        new_passwords=new_passwords,
        proof=proof,
        throttle=throttle,
        tokens=tokens,
        sessions=sessions,
        postman=postman,
        verify_at_once=settings.require_verified_email,
        now=now,
        new_id=new_id,
        announced=announced,
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
        announced=announced,
    )
    own_account = OwnAccount(
        store=store,
        proof=proof,
        new_passwords=new_passwords,
        postman=postman,
        revoking=revoking,
        now=now,
        announced=announced,
    )
    recovery = Recovery(
        store=store,
        postman=postman,
        new_passwords=new_passwords,
        throttle=throttle,
        revoking=revoking,
        now=now,
        announced=announced,
    )
    api_keys = ApiKeys(store=store, revoking=revoking, now=now, new_id=new_id, announced=announced)
    administration = Administration(store=store, revoking=revoking, now=now, announced=announced)
    gateway = GatewayCredentials(settings.introspection_secret)
    tasks = Background(
        relay=relay,
        postman=postman,
        forgetting=Forgetting(store, now),
        records=broker.consumer(AUTH_AUDIT, recording(administration)),
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        try:
            async with (
                broker,
                outbound.opened(),
                background(settings.database_url, database, tasks, now),
            ):
                yield
        finally:
            hashing.close()

    return application(
        Wiring(
            controllers=[
                AccountController,
                SessionController,
                RecoveryController,
                ApiKeyController,
                IdentityController,
                AdministrationController,
                ProviderController,
                KeyController,
                Router(
                    "/internal", route_handlers=[IntrospectionController], guards=[only_the_gateway(gateway)]
                ),
            ],
            provide={
                "accounts": accounts,
                "own_account": own_account,
                "sessions": sessions,
                "recovery": recovery,
                "api_keys": api_keys,
                "own_identities": OwnIdentities(store),
                "provider_names": ProviderNames(settings.providers().names),
                "administration": administration,
                "callers": callers,
                "access_tokens": tokens,
                "gateway": gateway,
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


def _tokens(settings: AuthSettings) -> TokenPolicy:
    return TokenPolicy(settings.issuer or settings.public_url, settings.audience, settings.access_token_ttl)


def _lifetimes(settings: AuthSettings) -> Lifetimes:
    return Lifetimes(settings.refresh_token_ttl, settings.session_idle_ttl, settings.refresh_grace)


def _mails(settings: AuthSettings) -> MailPolicy:
    lifetimes = {
        Purpose.VERIFY_EMAIL: settings.verify_token_ttl,
        Purpose.RESET_PASSWORD: settings.reset_token_ttl,
    }
    return MailPolicy(lifetimes, settings.mails_per_hour, settings.require_verified_email)
