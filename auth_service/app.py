"""How the account service is put together: one straight column."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from litestar import Litestar, Router
from prometheus_client import CollectorRegistry

from auth_service.accounts.controller import AccountController
from auth_service.accounts.registration import Accounts
from auth_service.accounts.service import OwnAccount
from auth_service.admin.controller import AdministrationController
from auth_service.admin.service import Administration
from auth_service.api_keys.controller import ApiKeyController
from auth_service.api_keys.service import ApiKeys
from auth_service.audit.handlers import recording
from auth_service.background.sweeper import Forgetting
from auth_service.background.tasks import Background, background
from auth_service.database.engine import Database
from auth_service.introspection.authentication import GatewayCredentials, only_the_gateway
from auth_service.introspection.controller import IntrospectionController, KeyController
from auth_service.introspection.service import Callers
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import MailPolicy, Postman
from auth_service.oauth.account_link import Linking
from auth_service.oauth.controller import ProviderController
from auth_service.oauth.identities.controller import IdentityController
from auth_service.oauth.identities.schemas import ProviderNames
from auth_service.oauth.identities.service import OwnIdentities
from auth_service.oauth.providers.http_client import Outbound
from auth_service.oauth.providers.registry import ready
from auth_service.oauth.service import ProviderSignIns
from auth_service.outbox.repository import SqlOutbox
from auth_service.passwords.authenticator import Proof
from auth_service.passwords.hasher import PasswordHashing
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.policy import Argon2Cost, PasswordHash, common_passwords
from auth_service.recovery.controller import RecoveryController
from auth_service.recovery.service import Recovery
from auth_service.repository import Store
from auth_service.sessions.controller import SessionController
from auth_service.sessions.revocation import Revoking
from auth_service.sessions.service import Lifetimes, Sessions
from auth_service.settings import AuthSettings
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens, TokenPolicy
from auth_service.tokens.key_ring import KeyRing
from shared.clock import utc_now
from shared.http import Check, Wiring, application
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import AUTH_AUDIT


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
