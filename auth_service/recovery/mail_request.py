"""Requests for mails with links, by email address."""

from auth_service.database.engine import Database
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.service import AccountMailer
from auth_service.users.address import BadAddress, canonical


class MailRequests:
    def __init__(self, *, database: Database, mailer: AccountMailer) -> None:
        self._database = database
        self._mailer = mailer

    async def request(self, purpose: Purpose, email: str) -> None:
        """Behaves the same for every address, with or without an account; malformed ones are ignored."""
        try:
            address = canonical(email)
        except BadAddress:
            return
        async with self._database.transaction() as transaction:
            await self._mailer.request(transaction, purpose, address)
        self._mailer.wake()
