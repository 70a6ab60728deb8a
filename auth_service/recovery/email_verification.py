"""Email verification by a mailed link, of an account's address or of the one that replaces it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import EmailTaken, InvalidLink
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.mailer.service import AccountMailer
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.recovery.link import find_owner, use_link
from auth_service.throttle.client import Client
from auth_service.users.address import canonical
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.events import EmailChanged
from shared.errors import Forbidden, Unauthenticated


@dataclass(frozen=True)
class EmailVerification:
    """Marks addresses as verified. The link alone proves the address, not that its reader made the account:
    an attacker may have registered it and wait for its owner to confirm the address ("pre-hijacking",
    Sudhodanan and Paverd, USENIX Security 2022). So the account has to be proven as well.
    """

    database: Database
    authenticator: PasswordAuthenticator
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]

    async def verify_by_password(self, secret: str, password: str, client: Client) -> None:
        """Raises InvalidLink, InvalidCredentials, RateLimited, Overloaded and EmailTaken; the link stays
        usable.
        """
        user, purpose = await self._find(secret)
        await self.authenticator.reauthenticate(user, password, client)
        await self._verify(secret, purpose, user.id, client)

    async def verify_as(self, secret: str, signed_in: UUID | None, client: Client) -> None:
        """Raises InvalidLink, EmailTaken, Unauthenticated without a user who is signed in, and Forbidden if
        that user has another account; the link stays usable.
        """
        user, purpose = await self._find(secret)
        if signed_in is None:
            raise Unauthenticated("Sign in to the account, or send its password.")
        if signed_in != user.id:
            raise Forbidden("You are signed in to another account than that of the link.")
        await self._verify(secret, purpose, user.id, client)

    async def _find(self, secret: str) -> tuple[User, Purpose]:
        """The account of a link, and whether the link verifies its address or changes it."""
        async with self.database.transaction() as transaction:
            for purpose in (Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL):
                with suppress(InvalidLink):
                    return await find_owner(transaction, secret, purpose, self.now()), purpose
        raise InvalidLink

    async def _verify(self, secret: str, purpose: Purpose, user_id: UUID, client: Client) -> None:
        async with self.database.transaction() as transaction:
            user = await use_link(transaction, secret, purpose, self.now())
            if user.id != user_id:
                raise InvalidLink
            if purpose is Purpose.CHANGE_EMAIL:
                await self._change_address(transaction, user)
                await self.activity.record(transaction, Event.EMAIL_CHANGED, user.id, client)
            else:
                user.email_verified_at = user.email_verified_at or self.now()
                await MailTokenRepository(transaction).delete(user.id, Purpose.VERIFY_EMAIL)
                await self.activity.record(transaction, Event.EMAIL_VERIFIED, user.id, client)
        self.events.wake_relay()

    async def _change_address(self, transaction: Transaction, user: User) -> None:
        """Replaces the address by the pending one, and tells the replaced one. Raises EmailTaken if the
        address has been registered since the mail.
        """
        notice = EmailChanged(user_id=str(user.id), recipient=user.email, changed_at=self.now())
        replaced, verified = user.email_canonical, user.email_verified_at is not None
        email = user.pending_email or ""
        if not await UserRepository(transaction).change_address(user, email, canonical(email), self.now()):
            raise EmailTaken
        await self.mailer.notify(transaction, notice, replaced, verified=verified)
        # Links mailed to the replaced address become invalid.
        for purpose in Purpose:
            await MailTokenRepository(transaction).delete(user.id, purpose)
