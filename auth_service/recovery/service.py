"""Requests for mails with links, by email address."""

from dataclasses import dataclass
from uuid import UUID

from auth_service.database.engine import Database
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer
from auth_service.users.address import BadAddress, canonical
from auth_service.users.repository import UserRepository


@dataclass(frozen=True)
class MailedLinks:
    database: Database
    mailer: AccountMailer

    async def request(self, purpose: Purpose, email: str) -> None:
        """Requests a mail, in the same way with and without an account; malformed addresses are ignored."""
        try:
            address = canonical(email)
        except BadAddress:
            return
        async with self.database.transaction() as transaction:
            await self.mailer.request(transaction, purpose, address)
        self.mailer.wake()

    async def request_change(self, user_id: UUID) -> None:
        """Requests the mail to an account's pending address once more."""
        async with self.database.transaction() as transaction:
            user = await UserRepository(transaction).find(user_id)
            if user is None or user.pending_email is None:
                return
            await self.mailer.request_change(transaction, user, canonical(user.pending_email))
        self.mailer.wake()
