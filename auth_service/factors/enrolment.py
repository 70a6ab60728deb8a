"""What follows when a factor is confirmed: sessions, recovery codes, a mail and a record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Transaction
from auth_service.factors.model import Factor
from auth_service.factors.ports import SessionRevocation
from auth_service.factors.recovery_code import fingerprint, new_recovery_codes, parse_recovery_code
from auth_service.factors.repository import FactorRepository, RecoveryCodeRepository
from auth_service.mailer.service import AccountMailer
from auth_service.passwords.repository import ProofRepository
from auth_service.users.model import User


@dataclass(frozen=True)
class Enrolment:
    """All methods run in the transaction of the change, which holds the account's lock."""

    revocation: SessionRevocation
    mailer: AccountMailer
    activity: ActivityLog
    now: Callable[[], datetime]

    async def confirm(self, transaction: Transaction, caller: Caller, user: User, factor: Factor) -> bool:
        """Confirms a stored factor; returns True if it is the account's first one.

        The first one ends all other sessions, which have not passed it (ASVS 5.0 §7.4.3). The caller's own
        session has just shown the factor, which proves it.
        """
        is_first = not await FactorRepository(transaction).list_confirmed(user.id)
        factor.confirmed_at = self.now()
        await transaction.flush()
        if is_first:
            await self.revocation.revoke_sessions(transaction, user.id, keep=caller.session_id)
        await ProofRepository(transaction).put(caller.session_id, self.now(), by_factor=True)
        details = {"factor_id": str(factor.id), "kind": factor.kind}
        await self.activity.record_call(transaction, Event.FACTOR_ADDED, caller, details)
        await self.mailer.notify_of(transaction, Event.FACTOR_ADDED, user)
        return is_first

    async def replace_recovery_codes(self, transaction: Transaction, user: User) -> tuple[str, ...]:
        """Ten new codes; earlier ones end."""
        codes = new_recovery_codes()
        canonical = [parse_recovery_code(code) or "" for code in codes]
        stored = [fingerprint(code, user.id) for code in canonical]
        await RecoveryCodeRepository(transaction).replace(user.id, stored)
        return codes
