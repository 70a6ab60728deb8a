"""Fresh proofs of sessions by a second factor, and the proof that sensitive changes need."""

from dataclasses import dataclass

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.errors import FactorProofRequired, NoFactors, PasskeysUnavailable, WrongFactor
from auth_service.factors.answer import Answer
from auth_service.factors.challenges import Challenges, Purpose
from auth_service.factors.kind import Kind
from auth_service.factors.passkey import request_options
from auth_service.factors.repository import FactorRepository
from auth_service.factors.service import lock_account
from auth_service.factors.verification import FactorVerification
from auth_service.passwords.proofs import PROOF_LIFETIME, Proofs
from auth_service.passwords.repository import ProofRepository
from shared.contracts.webauthn import AuthenticationCredential, RequestOptions


@dataclass(frozen=True)
class FactorProofs:
    database: Database
    proofs: Proofs
    verification: FactorVerification
    challenges: Challenges
    activity: ActivityLog

    async def require(self, caller: Caller, current_password: str | None = None) -> None:
        """Requires a fresh proof: of an account with a factor, one by a factor, so that a stolen password and
        a stolen token together change nothing (ASVS 5.0 §6.4.4, §7.5.1).

        Raises what Proofs.require raises, and FactorProofRequired.
        """
        await self.proofs.require(caller, current_password)
        await self.require_factor(caller)

    async def require_factor(self, caller: Caller) -> None:
        """Raises FactorProofRequired if the account has a factor and the session no fresh proof by one."""
        async with self.database.transaction() as transaction:
            if not await FactorRepository(transaction).list_confirmed(caller.user_id):
                return
            proven_at = await ProofRepository(transaction).find_by_factor(caller.session_id)
        if proven_at is None or self.proofs.now() - proven_at > PROOF_LIFETIME:
            raise FactorProofRequired

    async def options(self, caller: Caller) -> RequestOptions:
        """Options for the browser, to prove the session by one of the account's passkeys. Raises NoFactors,
        PasskeysUnavailable.
        """
        party = self.verification.party
        if party is None:
            raise PasskeysUnavailable
        async with self.database.transaction() as transaction:
            known = await FactorRepository(transaction).list_confirmed(caller.user_id, Kind.PASSKEY)
            if not known:
                raise NoFactors("This account has no passkey.")
            challenge = await self.challenges.create(transaction, caller.session_id, Purpose.PROVE)
        return request_options(party, challenge, known)

    async def prove(self, caller: Caller, answer: Answer) -> None:
        """Proves the caller's session by a second factor. Raises WrongFactor, RateLimited."""
        async with self.database.transaction() as transaction:
            user, challenge = await lock_account(transaction, caller), None
            if isinstance(answer, AuthenticationCredential):
                client_data = answer.response.client_data
                challenge = await self.challenges.take(
                    transaction, caller.session_id, Purpose.PROVE, client_data
                )
            kind = await self.verification.verify(transaction, user, answer, challenge, caller.client)
            if kind is not None:
                await ProofRepository(transaction).put(caller.session_id, self.proofs.now(), by_factor=True)
                await self.activity.record_call(transaction, Event.PROOF, caller, {"method": kind})
        if kind is None:
            await self.activity.record_refusal(Event.PROOF, caller.user_id, caller.client)
            raise WrongFactor
