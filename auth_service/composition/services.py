"""Construction of all services, in steps that each return a mapping from dependency names to services."""

from collections.abc import Callable
from datetime import datetime

from auth_service.accounts.register import Registration
from auth_service.accounts.service import OwnAccount
from auth_service.accounts.webhook_changes import WebhookChanges
from auth_service.admin.service import Administration
from auth_service.api_keys.service import ApiKeys
from auth_service.audit.service import AuditLog
from auth_service.composition.foundation import Foundation
from auth_service.factors.enrolment import Enrolment
from auth_service.factors.passkey_registration import PasskeyRegistration
from auth_service.factors.service import Factors
from auth_service.introspection.authentication import CallerLookup
from auth_service.introspection.service import Introspection
from auth_service.oauth.account_link import AccountLinker
from auth_service.oauth.identities import LinkedIdentities
from auth_service.oauth.providers.config import GITHUB, ProviderSettings
from auth_service.oauth.providers.github import GitHubProvider
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.openid_connect import OpenIDProvider
from auth_service.oauth.providers.ports import Provider
from auth_service.oauth.service import ProviderLogin
from auth_service.passwords.breached_list import breached_list
from auth_service.passwords.new_password import NewPasswords
from auth_service.recovery.email_verification import EmailVerification
from auth_service.recovery.password_reset import PasswordReset
from auth_service.recovery.service import MailedLinks
from auth_service.sessions.factor_login import FactorLogin
from auth_service.sessions.login import PasswordLogin
from auth_service.sessions.refresh import TokenRefresh
from auth_service.sessions.service import Lifetimes, Sessions
from shared.contracts.oauth import ProviderList
from shared.identity.gateway_tokens import gateway_tokens


def token_services(base: Foundation) -> dict[str, object]:
    database, now, new_id = base.database, base.now, base.new_id
    introspection = Introspection(
        database=database,
        tokens=base.tokens,
        now=now,
        admin_second_factor=base.settings.admin_second_factor,
    )
    verified = gateway_tokens(
        base.settings.gateway_public_keys, "auth_service", lambda: base.now().timestamp()
    )
    return {
        "access_tokens": base.tokens,
        "introspection": introspection,
        "caller_lookup": CallerLookup(verified, introspection),
        "api_keys": ApiKeys(database, base.mailer, base.activity, base.events, now, new_id),
        "proofs": base.proofs,
        "activity": base.activity,
    }


def factor_services(base: Foundation) -> dict[str, object]:
    database, now, new_id = base.database, base.now, base.new_id
    enrolment = Enrolment(base.revocation, base.mailer, base.activity, now)
    return {
        "factors": Factors(
            database=database,
            cipher=base.cipher,
            verification=base.factor_verification,
            enrolment=enrolment,
            mailer=base.mailer,
            activity=base.activity,
            events=base.events,
            now=now,
            new_id=new_id,
        ),
        "passkey_registration": PasskeyRegistration(
            database, base.party, base.challenges, enrolment, base.events, now, new_id
        ),
        "factor_proofs": base.factor_proofs,
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
    factor_login = _factor_login(base, sessions)
    providers = settings.providers()
    return {
        "sessions": sessions,
        "factor_login": factor_login,
        "token_refresh": TokenRefresh(
            database, tokens, base.revocation, base.activity, base.events, lifetimes, now
        ),
        "password_login": PasswordLogin(
            database,
            base.hasher,
            base.authenticator,
            base.throttle,
            tokens,
            sessions,
            factor_login,
            base.events,
        ),
        "provider_list": ProviderList(providers.offered, settings.page_url),
        "provider_login": ProviderLogin(
            database=database,
            tokens=tokens,
            sessions=sessions,
            factor_login=factor_login,
            linker=AccountLinker(
                account_claim=base.account_claim,
                mailer=base.mailer,
                activity=base.activity,
                now=now,
                new_id=base.new_id,
            ),
            providers=_providers(providers, provider_http, now),
            redirect_urls=(*settings.oauth_redirect_urls, settings.page_url),
            callback=f"{settings.public_url.rstrip('/')}/v1/auth/oauth/{{provider}}/callback",
            now=now,
        ),
        "linked_identities": LinkedIdentities(
            database, base.mailer, base.activity, base.events, providers.names_by_issuer
        ),
    }


def _factor_login(base: Foundation, sessions: Sessions) -> FactorLogin:
    return FactorLogin(
        database=base.database,
        verification=base.factor_verification,
        throttle=base.throttle,
        tokens=base.tokens,
        sessions=sessions,
        mailer=base.mailer,
        activity=base.activity,
        events=base.events,
        now=base.now,
    )


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
            proofs=base.factor_proofs,
            new_passwords=new_passwords,
            mailer=mailer,
            revocation=base.revocation,
            activity=base.activity,
            events=base.events,
            now=now,
        ),
        "webhook_changes": webhook_changes(base),
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


def webhook_changes(base: Foundation) -> WebhookChanges:
    return WebhookChanges(base.database, base.factor_proofs, base.mailer, base.activity, base.events)


def administration_services(base: Foundation, audit_log: AuditLog) -> dict[str, object]:
    administration = Administration(base.database, audit_log, base.revocation, base.events, base.now)
    return {"audit_log": audit_log, "administration": administration}
