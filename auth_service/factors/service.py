"""The second factors of an account: listing, authenticator apps, removal and recovery codes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import FactorConfirmed, NoFactors, TooManyFactors, WrongFactor
from auth_service.factors.enrolment import Enrolment
from auth_service.factors.kind import Kind
from auth_service.factors.model import Factor
from auth_service.factors.repository import FactorRepository, RecoveryCodeRepository
from auth_service.factors.totp import new_secret, provisioning_uri
from auth_service.factors.verification import FactorVerification
from auth_service.mailer.service import AccountMailer
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.factors import AddedTotp
from shared.errors import InvalidToken, NotFound

# Each app makes guessing of codes as much easier.
MAX_APPS = 3
# An app that is not confirmed within this time is deleted.
PENDING_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Factors:
    """Callers require a fresh proof before a change. Passkeys are added by PasskeyRegistration."""

    database: Database
    cipher: DataCipher
    verification: FactorVerification
    enrolment: Enrolment
    mailer: AccountMailer
    activity: ActivityLog
    events: EventWriter
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def list(self, user_id: UUID) -> tuple[tuple[Factor, ...], int]:
        """The account's factors, oldest first, and the number of its unused recovery codes."""
        async with self.database.transaction() as transaction:
            found = await FactorRepository(transaction).list(user_id)
            return tuple(found), await RecoveryCodeRepository(transaction).count(user_id)

    async def add_totp(self, caller: Caller, name: str | None) -> AddedTotp:
        """Adds an authenticator app, which counts once it is confirmed; it replaces one that is not. Raises
        TooManyFactors.
        """
        secret, factor_id = new_secret(), self.new_id()
        factor = Factor(
            id=factor_id, user_id=caller.user_id, kind=Kind.TOTP, name=name, created_at=self.now()
        )
        factor.secret = self.cipher.encrypt(secret.encode(), factor.row)
        async with self.database.transaction() as transaction:
            user, factors = await lock_account(transaction, caller), FactorRepository(transaction)
            await factors.delete_pending(user.id)
            if len(await factors.list_confirmed(user.id, Kind.TOTP)) >= MAX_APPS:
                raise TooManyFactors(f"An account may have {MAX_APPS} authenticator apps.")
            await factors.insert(factor)
        return AddedTotp(str(factor_id), secret, provisioning_uri(secret, user.email))

    async def confirm(self, caller: Caller, factor_id: UUID, code: str) -> tuple[str, ...]:
        """Confirms an authenticator app by its first code; returns new recovery codes. Raises NotFound,
        FactorConfirmed, WrongFactor, RateLimited.
        """
        async with self.database.transaction() as transaction:
            user = await lock_account(transaction, caller)
            factor = await FactorRepository(transaction).find(factor_id, user.id)
            if factor is None or self._is_too_old(factor):
                raise NotFound
            if factor.confirmed_at is not None:
                raise FactorConfirmed
            typed = "".join(code.split())
            confirmed = await self.verification.use_code(transaction, user, typed, caller.client, factor)
            if confirmed:
                await self.enrolment.confirm(transaction, caller, user, factor)
                codes = await self.enrolment.replace_recovery_codes(transaction, user)
        if not confirmed:
            await self.activity.record_refusal(Event.SECOND_FACTOR, caller.user_id, caller.client)
            raise WrongFactor
        self.events.wake_relay()
        return codes

    async def remove(self, caller: Caller, factor_id: UUID) -> None:
        """Removes a factor, and with the last one the recovery codes. Raises NotFound."""
        async with self.database.transaction() as transaction:
            user, factors = await lock_account(transaction, caller), FactorRepository(transaction)
            factor = await factors.find(factor_id, user.id)
            if factor is None:
                raise NotFound
            await factors.delete(factor.id)
            if factor.confirmed_at is not None:
                if not await factors.list_confirmed(user.id):
                    await RecoveryCodeRepository(transaction).delete_all(user.id)
                details = {"factor_id": str(factor.id), "kind": factor.kind}
                await self.activity.record_call(transaction, Event.FACTOR_REMOVED, caller, details)
                await self.mailer.notify_of(transaction, Event.FACTOR_REMOVED, user)
        self.events.wake_relay()

    async def renew_recovery_codes(self, caller: Caller) -> tuple[str, ...]:
        """Ten new recovery codes in place of the earlier ones. Raises NoFactors."""
        async with self.database.transaction() as transaction:
            user = await lock_account(transaction, caller)
            if not await FactorRepository(transaction).list_confirmed(user.id):
                raise NoFactors
            codes = await self.enrolment.replace_recovery_codes(transaction, user)
            await self.activity.record_call(transaction, Event.RECOVERY_CODES_CREATED, caller)
            await self.mailer.notify_of(transaction, Event.RECOVERY_CODES_CREATED, user)
        self.events.wake_relay()
        return codes

    def _is_too_old(self, factor: Factor) -> bool:
        return factor.confirmed_at is None and self.now() - factor.created_at > PENDING_LIFETIME


async def lock_account(transaction: Transaction, caller: Caller) -> User:
    """Locks the caller's account. Raises InvalidToken."""
    user = await UserRepository(transaction).lock(caller.user_id)
    if user is None or user.disabled_at is not None:
        raise InvalidToken
    return user
