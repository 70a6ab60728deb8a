"""Verification of second factors: each code and each assertion of a passkey is good once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.encryption import DataCipher, Undecryptable
from auth_service.database.engine import Transaction
from auth_service.factors.answer import Answer
from auth_service.factors.kind import Kind
from auth_service.factors.model import Factor
from auth_service.factors.passkey import BadCredential, credential_id, verify_use
from auth_service.factors.recovery_code import fingerprint, parse_recovery_code
from auth_service.factors.relying_party import RelyingParty
from auth_service.factors.repository import FactorRepository, RecoveryCodeRepository
from auth_service.factors.totp import is_code, matching_step, new_secret
from auth_service.mailer.service import AccountMailer
from auth_service.throttle.client import Client
from auth_service.throttle.codes import CodeThrottle
from auth_service.users.model import User
from shared.contracts.webauthn import AuthenticationCredential
from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class FactorVerification:
    cipher: DataCipher
    party: RelyingParty | None
    throttle: CodeThrottle
    mailer: AccountMailer
    activity: ActivityLog
    now: Callable[[], datetime]

    async def verify(
        self, transaction: Transaction, user: User, answer: Answer, challenge: bytes | None, client: Client
    ) -> Kind | None:
        """The kind of the factor that the answer proves, which is used by that; None for a wrong answer.

        The caller holds the lock of the account, and `challenge` is the one that a credential has to answer.
        Raises RateLimited for codes of an authenticator app after too many wrong ones.
        """
        if isinstance(answer, AuthenticationCredential):
            used = await self._use_passkey(transaction, user, answer, challenge)
            return Kind.PASSKEY if used else None
        code = "".join(answer.split())
        if is_code(code):
            used = await self.use_code(transaction, user, code, client)
            return Kind.TOTP if used else None
        used = await self._use_recovery_code(transaction, user, code, client)
        return Kind.RECOVERY_CODE if used else None

    async def use_code(
        self, transaction: Transaction, user: User, code: str, client: Client, pending: Factor | None = None
    ) -> bool:
        """True for a current, unused code of one of the account's apps, or of the `pending` one. Raises
        RateLimited.
        """
        await self.throttle.check(transaction, user.id, client.network)
        factors = FactorRepository(transaction)
        apps = [pending] if pending else await factors.list_confirmed(user.id, Kind.TOTP)
        for app in apps:
            step = matching_step(self._secret(app), code, self.now())
            if step is not None and await factors.use_step(app.id, step, self.now()):
                await self.throttle.record_success(transaction, user.id, client.network)
                return True
        await self.throttle.record_failure(transaction, user.id, client.network)
        return False

    async def _use_recovery_code(
        self, transaction: Transaction, user: User, code: str, client: Client
    ) -> bool:
        canonical = parse_recovery_code(code)
        if canonical is None:
            return False
        used = await RecoveryCodeRepository(transaction).use(user.id, fingerprint(canonical, user.id))
        if used:
            await self.activity.record(transaction, Event.RECOVERY_CODE_USED, user.id, client)
            await self.mailer.notify_of(transaction, Event.RECOVERY_CODE_USED, user)
        return used

    async def _use_passkey(
        self,
        transaction: Transaction,
        user: User,
        credential: AuthenticationCredential,
        challenge: bytes | None,
    ) -> bool:
        if challenge is None or self.party is None:
            return False
        factors = FactorRepository(transaction)
        try:
            claimed = credential_id(credential)
            known = await factors.list_confirmed(user.id, Kind.PASSKEY)
            passkey = next((each for each in known if each.credential_id == claimed), None)
            if passkey is None:
                return False
            count = verify_use(self.party, credential, challenge, passkey)
        except BadCredential as error:
            log.info("passkey refused", account=str(user.id), reason=str(error))
            return False
        return await factors.use_count(passkey.id, passkey.sign_count or 0, count, self.now())

    def _secret(self, app: Factor) -> str:
        """The app's secret, or a random text in its place if it cannot be decrypted."""
        try:
            return self.cipher.decrypt(app.secret or b"", app.row).decode()
        except Undecryptable:
            log.exception("secret of a factor not readable", factor=str(app.id))
            return new_secret()
