"""Password reset by a mailed link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import InvalidLink
from auth_service.mailer.mail_token import Purpose, fingerprint
from auth_service.mailer.repository import MailTokenRepository
from auth_service.mailer.service import AccountMailer
from auth_service.oauth.account_claim import AccountClaim
from auth_service.oauth.repository import HandoverRepository
from auth_service.passwords.new_password import NewPasswords
from auth_service.recovery.link import use_link
from auth_service.sessions.revocation import Revocation
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.users.model import User
from shared.contracts.accounts import ResetPassword
from shared.contracts.events import AccountRecovered, PasswordChanged, PasswordWasReset


@dataclass(frozen=True)
class PasswordReset:
    database: Database
    mailer: AccountMailer
    new_passwords: NewPasswords
    throttle: Throttle
    revocation: Revocation
    account_claim: AccountClaim
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]

    async def reset(self, data: ResetPassword, client: Client) -> None:
        """Sets a new password and revokes all sessions (ASVS 5.0 §7.4.3), API keys, webhooks and links to
        audio, which a thief may have created; does not sign the user in.

        The address becomes verified, since the mail was received (NIST SP 800-63B-4 §4.2.1.2). Raises
        InvalidLink, and WeakPassword, after which the link can still be used.
        """
        new_hash = await self.new_passwords.hash(data.password, await self._find_address(data.token))
        async with self.database.transaction() as transaction:
            user = await use_link(transaction, data.token, Purpose.RESET_PASSWORD, self.now())
            user.password_hash, user.pending_email = new_hash, None
            if user.email_verified_at is None:
                await self.account_claim.claim(transaction, user)
            else:
                await self._end_access(transaction, user, data)
            reset = PasswordWasReset(user_id=str(user.id), reset_at=self.now())
            await self.events.write(transaction, reset, user.id)
            await self.activity.record(transaction, Event.PASSWORD_RESET, user.id, client)
            await HandoverRepository(transaction).delete_all(user.id)
            for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL):
                await MailTokenRepository(transaction).delete(user.id, purpose)
            notice = PasswordChanged(user_id=str(user.id), recipient=user.email, changed_at=self.now())
            await self.mailer.notify(transaction, notice, user.email_canonical, verified=True)
            await self.throttle.record_success(transaction, user.email_canonical, user.id, client.network)
        self.events.wake_relay()

    async def _end_access(self, transaction: Transaction, user: User, data: ResetPassword) -> None:
        """Ends what a thief may have created, except what the request keeps."""
        ended = [*await self.revocation.revoke_sessions(transaction, user.id)]
        if not data.keep_api_keys:
            ended += await self.revocation.delete_api_keys(transaction, user.id)
        if not data.keep_webhooks:
            recovered = AccountRecovered(
                user_id=str(user.id), recovered_at=self.now(), ended=tuple(map(str, ended))
            )
            await self.events.write(transaction, recovered, user.id)

    async def _find_address(self, secret: str) -> str:
        """The token's address, read before hashing so that an unknown token costs no hash."""
        digest = fingerprint(secret, Purpose.RESET_PASSWORD)
        async with self.database.transaction() as transaction:
            token = await MailTokenRepository(transaction).find(digest, Purpose.RESET_PASSWORD, self.now())
        if token is None:
            raise InvalidLink
        return token.address
