"""The first proof of who owns an account's address, and the end of all access from before it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.database.engine import Transaction
from auth_service.database.outbox import EventWriter
from auth_service.factors.removal import FactorRemoval
from auth_service.mailer.mail_token import Purpose
from auth_service.mailer.repository import MailTokenRepository
from auth_service.oauth.repository import HandoverRepository, IdentityRepository
from auth_service.sessions.revocation import Revocation
from auth_service.users.model import User
from shared.contracts.events import AccountClaimed


@dataclass(frozen=True)
class AccountClaim:
    """For an account whose address was never verified: an attacker may have registered the address in advance
    (the "trojan identifier" of pre-hijacked accounts; Sudhodanan and Paverd, USENIX Security 2022).
    """

    revocation: Revocation
    factor_removal: FactorRemoval
    events: EventWriter
    now: Callable[[], datetime]

    async def claim(self, transaction: Transaction, user: User) -> None:
        """Marks the address of a locked account as verified. Revokes its sessions, unlinks its identities,
        deletes its API keys, second factors and mailed links; AccountClaimed tells other services what has
        ended. Its password remains, for the caller to replace.
        """
        sessions = await self.revocation.revoke_sessions(transaction, user.id)
        keys = await self.revocation.delete_api_keys(transaction, user.id)
        await IdentityRepository(transaction).unlink_all(user.id)
        await HandoverRepository(transaction).delete_all(user.id)
        for purpose in Purpose:
            await MailTokenRepository(transaction).delete(user.id, purpose)
        user.email_verified_at, user.pending_email = self.now(), None
        # Otherwise the owner would be asked for a code of the attacker's app.
        await self.factor_removal.remove_all(transaction, user, "claim")
        claimed = AccountClaimed(
            user_id=str(user.id), claimed_at=self.now(), ended=tuple(map(str, (*sessions, *keys)))
        )
        await self.events.write(transaction, claimed, user.id)
