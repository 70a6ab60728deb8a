"""Removal of all second factors of an account: by an operator, or at the first proof of the address."""

from dataclasses import dataclass

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Transaction
from auth_service.factors.ports import SessionRevocation
from auth_service.factors.repository import FactorRepository, RecoveryCodeRepository
from auth_service.mailer.service import AccountMailer
from auth_service.throttle.client import Client
from auth_service.users.model import User


@dataclass(frozen=True)
class FactorRemoval:
    revocation: SessionRevocation
    mailer: AccountMailer
    activity: ActivityLog

    async def remove_all(self, transaction: Transaction, user: User, by: str) -> list[str]:
        """Removes the factors and recovery codes, and ends all sessions, one of which may be on the lost
        device; returns the kinds of the removed factors. `by` is for the record. The caller holds the
        account's lock.
        """
        kinds = sorted(await FactorRepository(transaction).delete_all(user.id))
        await RecoveryCodeRepository(transaction).delete_all(user.id)
        if not kinds:
            return []
        await self.revocation.revoke_sessions(transaction, user.id)
        details = {"by": by, "kinds": " ".join(kinds)}
        await self.activity.record(transaction, Event.FACTOR_REMOVED, user.id, Client(), details=details)
        await self.mailer.notify_of(transaction, Event.FACTOR_REMOVED, user)
        return kinds
