"""Email verification by a mailed link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.activity.event import Event
from auth_service.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.errors import InvalidLink
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.passwords.service import PasswordAuthenticator
from auth_service.recovery.link import find_owner, use_link
from auth_service.throttle.client import Client
from shared.errors import Forbidden, Unauthenticated


@dataclass(frozen=True)
class EmailVerification:
    """Marks addresses as verified. The link alone proves the address, not that its reader made the account:
    an attacker may have registered it and wait for its owner to confirm the address ("pre-hijacking",
    Sudhodanan and Paverd, USENIX Security 2022). So the account has to be proven as well.
    """

    database: Database
    authenticator: PasswordAuthenticator
    activity: ActivityLog
    now: Callable[[], datetime]

    async def verify_by_password(self, secret: str, password: str, client: Client) -> None:
        """Raises InvalidLink, InvalidCredentials, RateLimited and Overloaded; the link stays usable."""
        async with self.database.transaction() as transaction:
            user = await find_owner(transaction, secret, Purpose.VERIFY_EMAIL, self.now())
        await self.authenticator.reauthenticate(user, password, client)
        await self._verify(secret, user.id, client)

    async def verify_as(self, secret: str, signed_in: UUID | None, client: Client) -> None:
        """Raises InvalidLink, Unauthenticated without a user who is signed in, and Forbidden if that user has
        another account; the link stays usable.
        """
        async with self.database.transaction() as transaction:
            user = await find_owner(transaction, secret, Purpose.VERIFY_EMAIL, self.now())
        if signed_in is None:
            raise Unauthenticated("Sign in to the account, or send its password.")
        if signed_in != user.id:
            raise Forbidden("You are signed in to another account than that of the link.")
        await self._verify(secret, user.id, client)

    async def _verify(self, secret: str, user_id: UUID, client: Client) -> None:
        async with self.database.transaction() as transaction:
            user = await use_link(transaction, secret, Purpose.VERIFY_EMAIL, self.now())
            if user.id != user_id:
                raise InvalidLink
            user.email_verified_at = user.email_verified_at or self.now()
            await MailTokenRepository(transaction).delete(user.id, Purpose.VERIFY_EMAIL)
            await self.activity.record(transaction, Event.EMAIL_VERIFIED, user.id, client)
