"""Objects that several services share."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from auth_service.audit.activity.service import ActivityLog
from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.factors.challenges import Challenges
from auth_service.factors.proofs import FactorProofs
from auth_service.factors.relying_party import relying_party
from auth_service.factors.removal import FactorRemoval
from auth_service.factors.verification import FactorVerification
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer, MailPolicy
from auth_service.oauth.account_claim import AccountClaim
from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.proofs import Proofs
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.sessions.revocation import Revocation
from auth_service.settings import AuthSettings
from auth_service.throttle.codes import CodeThrottle
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
        issuer = settings.issuer or settings.public_url
        policy = TokenPolicy(issuer, settings.audience, settings.access_token_ttl)
        self.cipher = DataCipher(settings.data_keys)
        ring = KeyRing(database, self.cipher, now)
        self.tokens = AccessTokens(key_ring=ring, policy=policy, now=now, new_id=new_id)
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
        removal = FactorRemoval(self.revocation, self.mailer, self.activity)
        self.account_claim = AccountClaim(self.revocation, removal, self.events, now)
        self.authenticator = PasswordAuthenticator(database, self.hasher, self.throttle, self.activity)
        self.party = relying_party(settings.public_url)
        codes = CodeThrottle(now)
        self.factor_verification = FactorVerification(
            self.cipher, self.party, codes, self.mailer, self.activity, now
        )
        self.proofs = Proofs(database, self.authenticator, self.activity, now)
        self.challenges = Challenges(now)
        self.factor_proofs = FactorProofs(
            database, self.proofs, self.factor_verification, self.challenges, self.activity
        )
