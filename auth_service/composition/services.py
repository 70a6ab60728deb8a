"""Construction of all services, in steps that each return a mapping from dependency names to services."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from auth_service.accounts.register import Registration
from auth_service.accounts.service import OwnAccount
from auth_service.admin.service import Administration
from auth_service.api_keys.service import ApiKeys
from auth_service.audit.service import AuditLog
from auth_service.database.engine import Database
from auth_service.database.outbox.events import EventWriter
from auth_service.introspection.service import Introspection
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer, MailPolicy
from auth_service.oauth.account_link import AccountLinker
from auth_service.oauth.identities.schemas import ProviderNames
from auth_service.oauth.identities.service import LinkedIdentities
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.registry import build_providers
from auth_service.oauth.service import ProviderLogin
from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.authenticator import PasswordAuthenticator
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.policy import common_passwords
from auth_service.recovery.email_verification import EmailVerification
from auth_service.recovery.mail_request import MailRequests
from auth_service.recovery.password_reset import PasswordReset
from auth_service.sessions.login import PasswordLogin
from auth_service.sessions.refresh import TokenRefresh
from auth_service.sessions.revocation import Revocation
from auth_service.sessions.service import Lifetimes, Sessions
from auth_service.settings import AuthSettings
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens, TokenPolicy
from auth_service.tokens.key_ring import KeyRing
from shared.messaging.outbox import OutboxRelay


class Foundation(msgspec.Struct, frozen=True):
    """Objects shared by the services: settings, database, event writer, tokens, mailer, throttle, clock."""

    settings: AuthSettings
    database: Database
    events: EventWriter
    tokens: AccessTokens
    revocation: Revocation
    mailer: AccountMailer
    hasher: PasswordHasher
    throttle: Throttle
    authenticator: PasswordAuthenticator
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]


def build_foundation(
    settings: AuthSettings,
    database: Database,
    relay: OutboxRelay,
    now: Callable[[], datetime],
    new_id: Callable[[], UUID],
) -> Foundation:
    events = EventWriter(now=now, new_id=new_id, wake_relay=relay.wake)
    policy = TokenPolicy(settings.issuer or settings.public_url, settings.audience, settings.access_token_ttl)
    hasher = PasswordHasher(PasswordHash(Argon2Cost()), settings.hash_concurrency)
    throttle = Throttle(database, settings.free_failures, now)
    return Foundation(
        settings=settings,
        database=database,
        events=events,
        tokens=AccessTokens(key_ring=KeyRing(database, now), policy=policy, now=now, new_id=new_id),
        revocation=Revocation(events=events, now=now),
        mailer=AccountMailer(database=database, events=events, policy=_mail_policy(settings), now=now),
        hasher=hasher,
        throttle=throttle,
        authenticator=PasswordAuthenticator(database, hasher, throttle),
        now=now,
        new_id=new_id,
    )


def _mail_policy(settings: AuthSettings) -> MailPolicy:
    lifetimes = {
        Purpose.VERIFY_EMAIL: settings.verify_token_ttl,
        Purpose.RESET_PASSWORD: settings.reset_token_ttl,
    }
    return MailPolicy(lifetimes, settings.mails_per_hour, settings.require_verified_email)


def token_services(base: Foundation) -> dict[str, object]:
    database, now, new_id = base.database, base.now, base.new_id
    return {
        "access_tokens": base.tokens,
        "introspection": Introspection(database=database, tokens=base.tokens, now=now),
        "api_keys": ApiKeys(database=database, events=base.events, now=now, new_id=new_id),
    }


def login_services(base: Foundation, provider_http: ProviderHttpClient) -> dict[str, object]:
    settings, database, tokens, now = base.settings, base.database, base.tokens, base.now
    lifetimes = Lifetimes(settings.refresh_token_ttl, settings.session_idle_ttl, settings.refresh_grace)
    sessions = Sessions(
        database=database,
        tokens=tokens,
        revocation=base.revocation,
        events=base.events,
        lifetimes=lifetimes,
        now=now,
        new_id=base.new_id,
    )
    providers = settings.providers()
    return {
        "sessions": sessions,
        "token_refresh": TokenRefresh(
            database=database,
            tokens=tokens,
            revocation=base.revocation,
            events=base.events,
            lifetimes=lifetimes,
            now=now,
        ),
        "password_login": PasswordLogin(
            database=database,
            hasher=base.hasher,
            authenticator=base.authenticator,
            throttle=base.throttle,
            tokens=tokens,
            sessions=sessions,
            events=base.events,
        ),
        "provider_login": ProviderLogin(
            database=database,
            tokens=tokens,
            sessions=sessions,
            linker=AccountLinker(now=now, new_id=base.new_id),
            providers=build_providers(providers, provider_http, now),
            redirect_urls=settings.oauth_redirect_urls,
            callback=f"{settings.public_url.rstrip('/')}/v1/auth/oauth/{{provider}}/callback",
            now=now,
        ),
        "linked_identities": LinkedIdentities(database),
        "provider_names": ProviderNames(providers.names_by_issuer),
    }


def account_services(base: Foundation) -> dict[str, object]:
    database, mailer, now = base.database, base.mailer, base.now
    new_passwords = NewPasswords(base.hasher, common_passwords())
    return {
        "registration": Registration(
            database=database,
            new_passwords=new_passwords,
            mailer=mailer,
            verify_at_once=base.settings.require_verified_email,
            now=now,
            new_id=base.new_id,
        ),
        "own_account": OwnAccount(
            database=database,
            authenticator=base.authenticator,
            new_passwords=new_passwords,
            mailer=mailer,
            revocation=base.revocation,
            events=base.events,
            now=now,
        ),
        "mail_requests": MailRequests(database=database, mailer=mailer),
        "email_verification": EmailVerification(database=database, now=now),
        "password_reset": PasswordReset(
            database=database,
            mailer=mailer,
            new_passwords=new_passwords,
            throttle=base.throttle,
            revocation=base.revocation,
            events=base.events,
            now=now,
        ),
    }


def administration_services(base: Foundation, audit_log: AuditLog) -> dict[str, object]:
    administration = Administration(
        database=base.database,
        audit_log=audit_log,
        revocation=base.revocation,
        events=base.events,
        now=base.now,
    )
    return {"audit_log": audit_log, "administration": administration}
