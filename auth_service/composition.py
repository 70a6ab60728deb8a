"""Construction of all services, in steps that each return a mapping from dependency names to services."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from auth_service.accounts.register import Registration
from auth_service.accounts.service import OwnAccount
from auth_service.accounts.webhook_changes import WebhookChanges
from auth_service.admin.service import Administration
from auth_service.api_keys.service import ApiKeys
from auth_service.audit.activity.service import ActivityLog
from auth_service.audit.service import AuditLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.introspection.service import Introspection
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer, MailPolicy
from auth_service.oauth.account_claim import AccountClaim
from auth_service.oauth.account_link import AccountLinker
from auth_service.oauth.identities import LinkedIdentities
from auth_service.oauth.providers.config import GITHUB, ProviderSettings
from auth_service.oauth.providers.github import GitHubProvider
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.openid_connect import OpenIDProvider
from auth_service.oauth.providers.ports import Provider
from auth_service.oauth.service import ProviderLogin
from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.breached_list import breached_list
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.proofs import Proofs
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.recovery.email_verification import EmailVerification
from auth_service.recovery.password_reset import PasswordReset
from auth_service.recovery.service import MailedLinks
from auth_service.sessions.login import PasswordLogin
from auth_service.sessions.refresh import TokenRefresh
from auth_service.sessions.revocation import Revocation
from auth_service.sessions.service import Lifetimes, Sessions
from auth_service.settings import AuthSettings
from auth_service.throttle.service import Throttle
from auth_service.tokens.issuer import AccessTokens, TokenPolicy
from auth_service.tokens.key_ring import KeyRing
from shared.messaging.outbox import OutboxRelay


class Foundation:
    """Objects shared by the services."""

    def __init__(
        self,
        settings: AuthSettings,
        database: Database,
        relay: OutboxRelay,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self.settings, self.database, self.now, self.new_id = settings, database, now, new_id
        self.events = EventWriter(now=now, new_id=new_id, wake_relay=relay.wake)
        self.revocation = Revocation(self.events, now)
        self.account_claim = AccountClaim(self.revocation, self.events, now)
        issuer = settings.issuer or settings.public_url
        policy = TokenPolicy(issuer, settings.audience, settings.access_token_ttl)
        self.tokens = AccessTokens(key_ring=KeyRing(database, now), policy=policy, now=now, new_id=new_id)
        lifetimes = {
            Purpose.VERIFY_EMAIL: settings.verify_token_ttl,
            Purpose.CHANGE_EMAIL: settings.verify_token_ttl,
            Purpose.RESET_PASSWORD: settings.reset_token_ttl,
        }
        mails = MailPolicy(lifetimes, settings.mails_per_hour, settings.require_verified_email)
        self.mailer = AccountMailer(database=database, events=self.events, policy=mails, now=now)
        self.hasher = PasswordHasher(PasswordHash(Argon2Cost()), settings.hash_concurrency)
        self.throttle = Throttle(database, settings.free_failures, now)
        self.activity = ActivityLog(database, now)
        self.authenticator = PasswordAuthenticator(database, self.hasher, self.throttle, self.activity)
        self.proofs = Proofs(database, self.authenticator, self.activity, now)


def token_services(base: Foundation) -> dict[str, object]:
    database, now, new_id = base.database, base.now, base.new_id
    return {
        "access_tokens": base.tokens,
        "introspection": Introspection(database=database, tokens=base.tokens, now=now),
        "api_keys": ApiKeys(database, base.mailer, base.activity, base.events, now, new_id),
        "proofs": base.proofs,
        "activity": base.activity,
    }


def login_services(base: Foundation, provider_http: ProviderHttpClient) -> dict[str, object]:
    settings, database, tokens, now = base.settings, base.database, base.tokens, base.now
    lifetimes = Lifetimes(settings.refresh_token_ttl, settings.session_idle_ttl, settings.refresh_grace)
    sessions = Sessions(
        database=database,
        tokens=tokens,
        revocation=base.revocation,
        mailer=base.mailer,
        activity=base.activity,
        events=base.events,
        lifetimes=lifetimes,
        now=now,
        new_id=base.new_id,
    )
    providers = settings.providers()
    return {
        "sessions": sessions,
        "token_refresh": TokenRefresh(
            database, tokens, base.revocation, base.activity, base.events, lifetimes, now
        ),
        "password_login": PasswordLogin(
            database, base.hasher, base.authenticator, base.throttle, tokens, sessions, base.events
        ),
        "provider_login": ProviderLogin(
            database=database,
            tokens=tokens,
            sessions=sessions,
            linker=AccountLinker(
                account_claim=base.account_claim,
                mailer=base.mailer,
                activity=base.activity,
                now=now,
                new_id=base.new_id,
            ),
            providers=_providers(providers, provider_http, now),
            redirect_urls=settings.oauth_redirect_urls,
            callback=f"{settings.public_url.rstrip('/')}/v1/auth/oauth/{{provider}}/callback",
            now=now,
        ),
        "linked_identities": LinkedIdentities(
            database, base.mailer, base.activity, base.events, providers.names_by_issuer
        ),
    }


def _providers(
    settings: ProviderSettings, http: ProviderHttpClient, now: Callable[[], datetime]
) -> dict[str, Provider]:
    """A client for each provider, by name. None is contacted before the first login."""
    clients: dict[str, Provider] = {each.name: OpenIDProvider(each, http, now) for each in settings.issuers}
    return clients | ({GITHUB: GitHubProvider(settings.github, http)} if settings.github else {})


def account_services(base: Foundation) -> dict[str, object]:
    database, mailer, now = base.database, base.mailer, base.now
    new_passwords = NewPasswords(base.hasher, breached_list(base.settings.breached_passwords))
    return {
        "registration": Registration(
            database=database,
            new_passwords=new_passwords,
            mailer=mailer,
            activity=base.activity,
            verify_at_once=base.settings.require_verified_email,
            now=now,
            new_id=base.new_id,
        ),
        "own_account": OwnAccount(
            database=database,
            authenticator=base.authenticator,
            proofs=base.proofs,
            new_passwords=new_passwords,
            mailer=mailer,
            revocation=base.revocation,
            activity=base.activity,
            events=base.events,
            now=now,
        ),
        "webhook_changes": WebhookChanges(database, base.proofs, mailer, base.activity, base.events),
        "mailed_links": MailedLinks(database, mailer),
        "email_verification": EmailVerification(
            database, base.authenticator, mailer, base.activity, base.events, now
        ),
        "password_reset": PasswordReset(
            database,
            mailer,
            new_passwords,
            base.throttle,
            base.revocation,
            base.account_claim,
            base.activity,
            base.events,
            now,
        ),
    }


def administration_services(base: Foundation, audit_log: AuditLog) -> dict[str, object]:
    administration = Administration(base.database, audit_log, base.revocation, base.events, base.now)
    return {"audit_log": audit_log, "administration": administration}
