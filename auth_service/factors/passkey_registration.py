"""Registration of passkeys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.audit.activity.caller import Caller
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.errors import KnownPasskey, PasskeysUnavailable, TooManyFactors, bad_field
from auth_service.factors.challenges import Challenges, Purpose
from auth_service.factors.enrolment import Enrolment
from auth_service.factors.kind import Kind
from auth_service.factors.model import Factor
from auth_service.factors.passkey import BadCredential, NewCredential, creation_options, verify_new
from auth_service.factors.relying_party import RelyingParty
from auth_service.factors.repository import FactorRepository
from auth_service.factors.service import lock_account
from auth_service.users.model import User
from shared.contracts.webauthn import CreationOptions, RegistrationCredential
from shared.logs import get_logger

MAX_PASSKEYS = 10
BAD_CREDENTIAL = "does not answer a challenge that this session was given within the last five minutes"


@dataclass(frozen=True)
class PasskeyRegistration:
    """Both methods raise PasskeysUnavailable and TooManyFactors. Callers require a fresh proof."""

    database: Database
    party: RelyingParty | None
    challenges: Challenges
    enrolment: Enrolment
    events: EventWriter
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def options(self, caller: Caller) -> CreationOptions:
        """Options for the browser, with a challenge that only the caller's session can answer."""
        party = self._party()
        async with self.database.transaction() as transaction:
            user = await lock_account(transaction, caller)
            known = await FactorRepository(transaction).list_confirmed(user.id, Kind.PASSKEY)
            _refuse_more(len(known))
            challenge = await self.challenges.create(transaction, caller.session_id, Purpose.REGISTER)
        return creation_options(party, user.id.bytes, user.email, challenge, known)

    async def add(
        self, caller: Caller, name: str, credential: RegistrationCredential
    ) -> tuple[Factor, tuple[str, ...]]:
        """Adds a passkey; returns it and, if it is the account's first factor, recovery codes. Raises
        InvalidRequest for a credential that is not valid, and KnownPasskey.
        """
        party, codes = self._party(), tuple[str, ...]()
        async with self.database.transaction() as transaction:
            user = await lock_account(transaction, caller)
            made = await self._verified(transaction, party, caller, credential)
            if made is not None:
                factor = await self._store(transaction, user, name, made, credential.response.transports)
                if await self.enrolment.confirm(transaction, caller, user, factor):
                    codes = await self.enrolment.replace_recovery_codes(transaction, user)
        if made is None:
            raise bad_field("credential", BAD_CREDENTIAL)
        self.events.wake_relay()
        return factor, codes

    async def _verified(
        self,
        transaction: Transaction,
        party: RelyingParty,
        caller: Caller,
        credential: RegistrationCredential,
    ) -> NewCredential | None:
        """The new passkey, or None; the challenge is used up in either case."""
        client_data = credential.response.client_data
        challenge = await self.challenges.take(transaction, caller.session_id, Purpose.REGISTER, client_data)
        if challenge is None:
            return None
        try:
            return verify_new(party, credential, challenge)
        except BadCredential as error:
            get_logger(__name__).info(
                "passkey not registered", account=str(caller.user_id), reason=str(error)
            )
            return None

    async def _store(
        self, transaction: Transaction, user: User, name: str, made: NewCredential, transports: list[str]
    ) -> Factor:
        """Stores a passkey that is not confirmed yet."""
        factors = FactorRepository(transaction)
        _refuse_more(len(await factors.list_confirmed(user.id, Kind.PASSKEY)))
        factor = Factor(
            id=self.new_id(),
            user_id=user.id,
            kind=Kind.PASSKEY,
            name=name,
            created_at=self.now(),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=sorted(set(transports)),
        )
        if not await factors.add_passkey(factor):
            raise KnownPasskey
        stored = await factors.find(factor.id, user.id)
        assert stored is not None  # noqa: S101 - inserted above
        return stored

    def _party(self) -> RelyingParty:
        if self.party is None:
            raise PasskeysUnavailable
        return self.party


def _refuse_more(known: int) -> None:
    if known >= MAX_PASSKEYS:
        raise TooManyFactors(f"An account may have {MAX_PASSKEYS} passkeys.")
